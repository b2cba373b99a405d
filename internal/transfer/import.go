package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gin-blog/internal/validation"
	"gin-blog/models"
)

// Done is what an import did with a file.
type Done string

// What an import does. A post that is there already, as the file has it, is unchanged; so importing twice is importing
// once.
const (
	Created   Done = "created"
	Updated   Done = "updated"
	Unchanged Done = "unchanged"
	Skipped   Done = "skipped" // nothing to import, as the file says itself
	Refused   Done = "refused"
)

// Result is what an import did with one file.
type Result struct {
	File string // its path in the folder
	Done Done
	Why  string // for people; may be empty unless the file was skipped or refused
}

// ImportOptions is how to import.
type ImportOptions struct {
	// Author is the username of the author of files that name none, or nobody who is here. If it is empty, the posts of
	// files that name none have no author.
	Author string
	Now    time.Time
	// Report receives the result for each file.
	Report func(Result)
}

// importStore is what an import reads and writes.
type importStore interface {
	PostTable() models.Table[models.KeptPost]
	UserByUsername(ctx context.Context, username string) (*models.User, error)
	PostByID(ctx context.Context, id models.ID) (*models.Post, error)
	UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (*models.Post, error)
}

// importing is the state of one import.
type importing struct {
	ImportOptions
	store importStore
	rules *validation.Validator
}

// refusal is why a file is not imported, for people. Any other error of an import ends it.
type refusal string

func (r refusal) Error() string { return string(r) }

// refusef makes a refusal.
func refusef(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// skip is why a file is left out although nothing is wrong with it.
type skip string

func (s skip) Error() string { return string(s) }

// report reports the result for a file, unless err is neither nil nor a refusal nor a skip: that is returned.
func (i *importing) report(file string, done Done, err error) error {
	result := Result{File: file, Done: done}
	if why, ok := errors.AsType[refusal](err); ok {
		result.Done, result.Why = Refused, string(why)
	} else if why, ok := errors.AsType[skip](err); ok {
		result.Done, result.Why = Skipped, string(why)
	} else if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	i.Report(result)
	return nil
}

// postRules are the rules of the API for what a post says.
type postRules struct {
	Title   string   `json:"title" validate:"required,title"`
	Content string   `json:"content" validate:"required,content"`
	Tags    []string `json:"tags" validate:"tags,dive,tag"`
}

// incoming is a post that is to be imported. Without an AuthorID, nothing says who wrote it.
type incoming struct {
	models.Post
	// lastmod is when the file says that the text changed last, or zero.
	lastmod time.Time
}

// importPost creates a post, or changes the text of the one that has its id.
func (i *importing) importPost(ctx context.Context, in *incoming) (Done, error) {
	in.lastmod = i.limitLastmod(in)
	there, err := i.store.PostByID(ctx, in.ID)
	switch {
	case errors.Is(err, models.ErrPostNotFound):
		return Created, i.createPost(ctx, in)
	case err != nil:
		return "", err
	}
	return i.changePost(ctx, in, there)
}

// limitLastmod returns when a text changed last, which is neither before it was written nor still to come.
func (i *importing) limitLastmod(in *incoming) time.Time {
	switch {
	case in.lastmod.IsZero():
		return time.Time{}
	case in.lastmod.Before(in.CreatedAt):
		return in.CreatedAt
	case in.lastmod.After(i.Now):
		return models.StoredTime(i.Now)
	}
	return in.lastmod
}

// checkText brings the text of a post into the form that the API would store. It returns a refusal if the API would
// refuse it.
func (i *importing) checkText(in *incoming) error {
	in.Tags = slices.Clone(in.Tags)
	validation.NormalizePost(&in.Title, &in.Tags)
	err := i.rules.Check(postRules{in.Title, in.Content, in.Tags})
	broken, ok := errors.AsType[*validation.Error](err)
	if !ok {
		return err
	}
	reasons := make([]string, len(broken.Fields))
	for n, field := range broken.Fields {
		reasons[n] = field.Field + " " + field.Message
	}
	return refusal(strings.Join(reasons, "; "))
}

// createPost stores a new post under its id.
func (i *importing) createPost(ctx context.Context, in *incoming) error {
	if in.CreatedAt.Unix() < 0 {
		return refusef("its date is before 1970")
	}
	if in.CreatedAt.After(i.Now) {
		return skip("its date is still to come")
	}
	if models.IsDistant(in.ID) { // SQLite may have no place for the largest
		return refusef("its id %s is that of a distant time: take the id out, and it gets another", in.ID.Hex())
	}
	if err := i.checkText(in); err != nil {
		return err
	}
	in.UpdatedAt = in.lastmod
	if in.lastmod.IsZero() {
		in.UpdatedAt = in.CreatedAt
	}
	err := i.store.PostTable().Insert(ctx, []models.KeptPost{{Post: in.Post}})
	if errors.Is(err, models.ErrDuplicate) {
		return refusef("it was created meanwhile: import again")
	}
	return err
}

// changePost gives the post that is there another text. It refuses to change what nobody can change, and to undo what
// somebody has changed since.
func (i *importing) changePost(ctx context.Context, in *incoming, there *models.Post) (Done, error) {
	if !in.AuthorID.IsZero() && in.AuthorID != there.AuthorID {
		return "", refusef("the post %s has another author, which no import changes", in.ID.Hex())
	}
	if !in.CreatedAt.Equal(there.CreatedAt) {
		return "", refusef("the post %s has the date %s, which no import changes",
			in.ID.Hex(), there.CreatedAt.Format(fileTime))
	}
	change := in.Text()
	change.UpdatedAt, change.IfUnchanged = models.ChangedAt(i.Now, there.UpdatedAt), there
	if change.ChangesNothing(there) { // even if the API would refuse what is there
		return Unchanged, nil
	}
	if err := i.checkText(in); err != nil {
		return "", err
	}
	if change.ChangesNothing(there) {
		return Unchanged, nil
	}
	if in.AuthorID.IsZero() && there.Author != nil {
		return "", refusef("the post %s has the author %s: name them in the file", in.ID.Hex(), there.Author.Username)
	}
	if !in.lastmod.IsZero() && in.lastmod.Before(there.UpdatedAt) {
		return "", refusef("the post changed at %s, after the lastmod of the file: "+
			"without a lastmod, the file replaces it all the same", there.UpdatedAt.Format(fileTime))
	}
	if in.lastmod.After(there.UpdatedAt) {
		change.UpdatedAt = in.lastmod
	}
	_, err := i.store.UpdatePost(ctx, in.ID, there.AuthorID, change)
	if errors.Is(err, models.ErrPostChanged) || errors.Is(err, models.ErrPostNotFound) {
		return "", refusef("the post changed meanwhile: import again")
	}
	return Updated, err
}

// author returns the id of the author whom a file names. If it names none, or somebody who is nobody here, that is the
// author of the options, or the zero ID.
func (i *importing) author(ctx context.Context, named string) (models.ID, error) {
	for _, username := range []string{named, i.Author} {
		if username == "" {
			continue
		}
		u, err := i.store.UserByUsername(ctx, username)
		if err == nil {
			return u.ID, nil
		}
		if !errors.Is(err, models.ErrUserNotFound) {
			return models.ID{}, err
		}
		if username == i.Author || i.Author == "" {
			return models.ID{}, refusef("nobody is called %s: register that user first, or import with -author", username)
		}
	}
	return models.ID{}, nil
}
