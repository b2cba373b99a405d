package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"gin-blog/blog"
	"gin-blog/models"
)

// maxFile bounds the size of a Markdown file: the longest content and the longest front matter fit.
const maxFile = 512 << 10

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

// importing is the state of one import.
type importing struct {
	blog       *blog.Blog
	dir        *os.Root
	authorName string
	report     func(Result)
}

// Import imports the Markdown files in dir and in its folders, in the order of their paths. Files and folders
// whose names begin with "." or "_" are left out. It returns an error if it could not go through all files; a file that
// is refused is none. report receives the result for each file.
//
// author is the username of the author of files that name none, or nobody who is here. If it is empty, the posts of
// files that name none have no author.
func Import(ctx context.Context, b *blog.Blog, dir, author string, report func(Result)) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	i := &importing{blog: b, dir: root, authorName: author, report: report}
	return fs.WalkDir(root.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		isHidden := strings.ContainsRune("._", rune(path.Base(file)[0]))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case file == ".":
			return err
		case err != nil: // a folder that cannot be read
			return cmp.Or(i.done(file, Refused, refusef("%v", err)), fs.SkipDir)
		case isHidden && entry.IsDir():
			return fs.SkipDir
		case isHidden || entry.IsDir() || !slices.Contains([]string{".md", ".markdown"}, strings.ToLower(path.Ext(file))):
			return nil
		}
		done, err := i.importFile(ctx, file)
		return i.done(file, done, err)
	})
}

// refusef makes the error that says why a file is not imported.
func refusef(format string, args ...any) error {
	return models.Refuse(models.Invalid, nil, format, args...)
}

// done reports the result for a file. It returns an error that is no refusal, and so ends the import.
func (i *importing) done(file string, done blog.Outcome, err error) error {
	result := Result{File: file, Done: done}
	if err != nil {
		refusal, ok := errors.AsType[*models.Error](err)
		if !ok || refusal.Kind != models.Invalid && refusal.Kind != models.Conflict {
			return fmt.Errorf("%s: %w", file, err)
		}
		result.Why = refusal.Message
		if done != Skipped {
			result.Done = Refused
		}
	}
	i.report(result)
	return nil
}

// importFile imports one file. Its error says why it skipped or refused the file.
func (i *importing) importFile(ctx context.Context, file string) (blog.Outcome, error) {
	content, err := readFile(i.dir, file)
	if err != nil {
		return Refused, refusef("%v", err)
	}
	in, err := parseMarkdown(content, i.blog.Now())
	switch {
	case err != nil:
		return Refused, refusef("%v", err)
	case in.hidden != "":
		return Skipped, refusef("%s", in.hidden)
	case in.CreatedAt.IsZero():
		return Refused, refusef("date is missing: say when the post was written")
	case in.CreatedAt.After(i.blog.Now()):
		return Skipped, refusef("its date is in the future")
	}
	if in.AuthorID, err = i.author(ctx, in.author); err != nil {
		return Refused, err
	}
	if in.ID.IsZero() {
		in.ID = fileID(in.CreatedAt, file)
	}
	return i.blog.ImportPost(ctx, in.Import)
}

// author returns the id of the author whom a file names. If it names none, or somebody who is nobody here, that is the
// author for such files. The ID is zero if neither names one.
func (i *importing) author(ctx context.Context, named string) (models.ID, error) {
	if named == "" && i.authorName == "" {
		return models.ID{}, nil
	}
	u, err := i.blog.Store.UserByUsername(ctx, cmp.Or(named, i.authorName))
	if errors.Is(err, models.ErrUserNotFound) && i.authorName != "" {
		u, err = i.blog.Store.UserByUsername(ctx, i.authorName)
	}
	if errors.Is(err, models.ErrUserNotFound) {
		return models.ID{}, refusef("nobody is called %s: register that user first, or import with -author",
			cmp.Or(i.authorName, named))
	}
	if err != nil {
		return models.ID{}, err
	}
	return u.ID, nil
}

// readFile reads a file. It refuses one that is too long, or that is outside of dir. It opens no pipe, which would wait
// for somebody to write to it, and no device.
func readFile(dir *os.Root, file string) ([]byte, error) {
	info, err := dir.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("it is longer than %d KiB", maxFile>>10)
	}
	return dir.ReadFile(file)
}

// fileID returns the id of a post whose file has none: always the same for one date and one path. Like every id, it
// begins with the seconds of its time, so posts are listed in the order of their dates.
func fileID(date time.Time, file string) (id models.ID) {
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %s", date.UnixMilli(), file))
	copy(id[:], hash[:])
	binary.BigEndian.PutUint32(id[:], uint32(date.Unix()))
	return id
}
