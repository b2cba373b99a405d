package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"gin-blog/internal/validation"
	"gin-blog/models"
)

// maxFile bounds the size of a Markdown file: the longest content and the longest front matter fit.
const maxFile = 512 << 10

// Import imports the Markdown files in dir and in its folders, in the order of their paths. Files and folders
// whose names begin with "." or "_" are left out. It returns an error if it could not go through all files; a file that
// is refused is none.
func Import(ctx context.Context, store importStore, dir *os.Root, options ImportOptions) error {
	rules, err := validation.New(0, postRules{})
	if err != nil {
		return err
	}
	i := &importing{ImportOptions: options, store: store, rules: rules}
	return fs.WalkDir(dir.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && file != "." { // a folder that cannot be read
			return cmp.Or(i.report(file, "", refusal(err.Error())), fs.SkipDir)
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
func (i *importing) importFile(ctx context.Context, dir *os.Root, file string) (Done, error) {
	content, err := readFile(dir, file)
	if err != nil {
		return "", err
	}
	p, err := parseMarkdown(content)
	if err != nil {
		return "", refusal(err.Error())
	}
	if reason := p.whyHidden(i.Now); reason != "" {
		return "", skip(reason)
	}
	if p.date.IsZero() {
		return "", refusef("date is missing: say when the post was written")
	}
	in := &incoming{
		Post:    models.Post{ID: p.id, Title: p.title, Content: p.content, Tags: p.tags, CreatedAt: p.date},
		lastmod: p.lastmod,
	}
	if in.AuthorID, err = i.author(ctx, p.author); err != nil {
		return "", err
	}
	if in.ID.IsZero() {
		in.ID = fileID(p.date, file)
	}
	return i.importPost(ctx, in)
}

// readFile reads a file. It refuses one that it may not read, that is too long, or that is outside of dir. It opens no
// pipe, which would wait for somebody to write to it, and no device.
func readFile(dir *os.Root, file string) ([]byte, error) {
	info, err := dir.Stat(file)
	if err != nil {
		return nil, refusal(err.Error())
	}
	if !info.Mode().IsRegular() {
		return nil, refusal("it is no regular file")
	}
	f, err := dir.Open(file)
	if err != nil {
		return nil, refusal(err.Error())
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, refusal(err.Error())
	}
	if len(content) > maxFile {
		return nil, refusef("it is longer than %d KiB", maxFile>>10)
	}
	return content, nil
}

// fileID returns the id of a post whose file has none: always the same for one date and one path. Like every id, it
// begins with the seconds of its time, so posts are listed in the order of their dates.
func fileID(date time.Time, file string) (id models.ID) {
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %s", date.UnixMilli(), file))
	copy(id[:], hash[:])
	binary.BigEndian.PutUint32(id[:], uint32(date.Unix()))
	return id
}
