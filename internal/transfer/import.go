package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gin-blog/blog"
	"gin-blog/models"
)

// What an import does with a file besides the outcomes of blog.ImportPost.
const (
	Skipped blog.Outcome = "skipped" // nothing to import, as the file says itself
	Refused blog.Outcome = "refused"
)

// Result is what an import did with one file.
type Result struct {
	File string // its path in the folder
	Done blog.Outcome
	Why  string // for people; may be empty unless the file was skipped or refused
}

// ImportOptions is how to import.
type ImportOptions struct {
	// Author is the username of the author of files that name none, or nobody who is here. If it is empty, the posts of
	// files that name none have no author.
	Author string
	// Report receives the result for each file.
	Report func(Result)
}

// importing is the state of one import.
type importing struct {
	ImportOptions
	blog *blog.Blog
}

// skipped is why a file is left out although nothing is wrong with it.
type skipped string

func (s skipped) Error() string { return string(s) }

// refusef makes the error that refuses a file.
func refusef(format string, args ...any) error {
	return models.Refuse(models.Invalid, nil, format, args...)
}

// report reports the result for a file. It returns an error that is no refusal, and so ends the import.
func (i *importing) report(file string, done blog.Outcome, err error) error {
	result := Result{File: file, Done: done}
	if why, ok := errors.AsType[skipped](err); ok {
		result.Done, result.Why = Skipped, string(why)
	} else if kind := models.KindOf(err); kind == models.Invalid || kind == models.Conflict {
		refusal, _ := errors.AsType[*models.Error](err)
		result.Done, result.Why = Refused, refusal.Message
	} else if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	i.Report(result)
	return nil
}

// author returns the id of the author whom a file names. If it names none, or somebody who is nobody here, that is the
// author of the options. The ID is zero if neither names one.
func (i *importing) author(ctx context.Context, named string) (models.ID, error) {
	if named == "" && i.Author == "" {
		return models.ID{}, nil
	}
	u, err := i.blog.Store.UserByUsername(ctx, cmp.Or(named, i.Author))
	if errors.Is(err, models.ErrUserNotFound) && i.Author != "" {
		u, err = i.blog.Store.UserByUsername(ctx, i.Author)
	}
	if errors.Is(err, models.ErrUserNotFound) {
		return models.ID{}, refusef("nobody is called %s: register that user first, or import with -author",
			cmp.Or(i.Author, named))
	}
	if err != nil {
		return models.ID{}, err
	}
	return u.ID, nil
}
