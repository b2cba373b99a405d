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

// Import imports the Markdown files in dir and in its folders, in the order of their paths. Files and folders
// whose names begin with "." or "_" are left out. It returns an error if it could not go through all files; a file that
// is refused is none.
func Import(ctx context.Context, b *blog.Blog, dir *os.Root, options ImportOptions) error {
	i := &importing{ImportOptions: options, blog: b}
	return fs.WalkDir(dir.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && file != "." { // a folder that cannot be read
			return cmp.Or(i.report(file, "", refusef("%v", err)), fs.SkipDir)
		}
		if err != nil {
			return err
		}
		if name := path.Base(file); file != "." && strings.ContainsRune("._", rune(name[0])) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !slices.Contains([]string{".md", ".markdown"}, strings.ToLower(path.Ext(file))) {
			return nil
		}
		done, err := i.importFile(ctx, dir, file)
		return i.report(file, done, err)
	})
}

// importFile imports one file.
func (i *importing) importFile(ctx context.Context, dir *os.Root, file string) (blog.Outcome, error) {
	content, err := readFile(dir, file)
	if err != nil {
		return "", refusef("%v", err)
	}
	in, err := parseMarkdown(content, i.blog.Now())
	if err != nil {
		return "", refusef("%v", err)
	}
	if in.hidden != "" {
		return "", skipped(in.hidden)
	}
	if in.CreatedAt.IsZero() {
		return "", refusef("date is missing: say when the post was written")
	}
	if in.CreatedAt.After(i.blog.Now()) {
		return "", skipped("its date is in the future")
	}
	if in.AuthorID, err = i.author(ctx, in.author); err != nil {
		return "", err
	}
	if in.ID.IsZero() {
		in.ID = fileID(in.CreatedAt, file)
	}
	return i.blog.ImportPost(ctx, in.Import)
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
