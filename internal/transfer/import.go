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
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"gin-blog/blog"
	"gin-blog/internal/markdown"
	"gin-blog/models"
)

// maxFile bounds the size of a Markdown file: the longest content and the longest front matter fit.
const maxFile = 512 << 10

// What an import does with a file besides the outcomes of blog.ImportPost.
const (
	Skipped    blog.Outcome = "skipped" // nothing to import, as the file says itself
	Refused    blog.Outcome = "refused"
	PassedOver blog.Outcome = "passed over" // no text at all
)

// Result is what an import did with one file, or with one folder that it did not go into.
type Result struct {
	File string // its path in the folder
	Done blog.Outcome
	Why  string // for people: why the file was skipped or refused, or what of it is lost; may be empty otherwise
}

// importing is the state of one import.
type importing struct {
	blog       *blog.Blog
	dir        *os.Root
	name       string // of dir
	authorName string
	renderer   *markdown.Renderer
	report     func(Result)
	said       map[string][]*fields // what saidBy returned
	chooses    bool                 // whether a note of Obsidian says "publish: true": the others are not public
}

// Import imports the Markdown files in dir and in its folders, in the order of their paths. It returns an error if it
// could not go through all files; a file that is refused is none. report receives the result for each file.
//
// author is the username of the author of files that name none, or nobody who is here. If it is empty, the posts of
// files that name none have no author.
func Import(ctx context.Context, b *blog.Blog, dir, author string, report func(Result)) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	absolute, _ := filepath.Abs(dir) // "" if the working directory is gone
	i := &importing{
		blog: b, dir: root, name: filepath.Base(absolute), authorName: author, report: func(Result) {},
		said: map[string][]*fields{}, renderer: markdown.NewRenderer(),
	}
	if _, err := root.Stat(".obsidian"); err == nil {
		err := i.walk(ctx, func(file string) error {
			if content, err := readFile(root, file); err == nil && !i.chooses {
				f, _, err := parseMarkdown(content)
				i.chooses = err == nil && f.isChosen()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	i.report = report
	return i.walk(ctx, func(file string) error {
		result, err := i.importFile(ctx, file)
		return i.done(result, err)
	})
}

// The extensions of texts.
var (
	markdownTexts = []string{".md", ".markdown", ".mkd", ".mkdn", ".mkdown", ".mdown"}
	otherTexts    = []string{".mdx", ".html", ".htm", ".njk", ".liquid", ".textile", ".org", ".rst", ".adoc", ".asciidoc"}
)

// walk calls read for each Markdown file, and reports what else there is.
func (i *importing) walk(ctx context.Context, read func(file string) error) error {
	return fs.WalkDir(i.dir.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		extension := strings.ToLower(path.Ext(file))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case file == "." && err != nil:
			return err
		case err != nil: // a folder that cannot be read
			return cmp.Or(i.done(Result{File: file}, refusef("%v", err)), fs.SkipDir)
		case entry.IsDir():
			if why := i.whyNotInto(file); why != "" {
				i.report(Result{file, Skipped, why})
				return fs.SkipDir
			}
		case slices.Contains(markdownTexts, extension) && entry.Name()[0] != '.':
			return read(file)
		case slices.Contains(otherTexts, extension):
			i.report(Result{file, Skipped, "only Markdown is read: files .md"})
		default:
			i.report(Result{file, PassedOver, ""})
		}
		return nil
	})
}

// whyNotInto returns why an import does not go into a folder, or "".
func (i *importing) whyNotInto(dir string) string {
	name := path.Base(dir)
	if dir == "." {
		name = i.name
	}
	toolFolders := []string{"archetypes", "layouts", "public", "resources", "static", "templates", "themes"}
	switch {
	case isHiddenWord(strings.TrimLeft(name, "_.")):
		return "what is in a folder of that name is not public: rename it if it is"
	case dir == ".", name == "_posts":
		return ""
	case strings.ContainsAny(name[:1], "._"), name == "node_modules", slices.Contains(toolFolders, strings.ToLower(dir)):
		return "a folder of the blog's tool: import it by itself if there are posts in it"
	}
	return ""
}

// refusef makes the error that says why a file is not imported.
func refusef(format string, args ...any) error {
	return models.Refuse(models.Invalid, nil, format, args...)
}

// done reports the result for a file. It returns an error that is no refusal, and so ends the import.
func (i *importing) done(result Result, err error) error {
	if err != nil {
		refusal, ok := errors.AsType[*models.Error](err)
		if !ok || refusal.Kind != models.Invalid && refusal.Kind != models.Conflict {
			return fmt.Errorf("%s: %w", result.File, err)
		}
		result.Done, result.Why = Refused, refusal.Message
	}
	i.report(result)
	return nil
}

// importFile imports one file. Its error says why it refused the file.
func (i *importing) importFile(ctx context.Context, file string) (Result, error) {
	result, f, text := Result{File: file, Done: Skipped}, &fields{}, ""
	content, err := readFile(i.dir, file)
	if err == nil {
		f, text, err = parseMarkdown(content)
	}
	if err != nil {
		return result, refusef("%v", err)
	}
	in := f.post(text)
	var comments, left []string
	if in.ID.IsZero() { // no export wrote the file
		if tag := slices.IndexFunc(in.Tags, isHiddenWord); tag >= 0 {
			f.doubt = cmp.Or(f.doubt, "not public: its tag "+short(in.Tags[tag])+" says so")
		}
		useName(&in.Post, file)
		in.Content, comments = withoutComments(in.Content)
		in.ID = fileID(in.CreatedAt, file)
	}
	if result.Why = i.whySkipped(file, f, in.CreatedAt); result.Why != "" {
		return result, nil
	}
	if f.err != nil {
		return result, refusef("%v", f.err)
	}
	if in.AuthorID, err = i.author(ctx, f); err != nil {
		return result, err
	}
	in.FileTags = in.Tags
	in.Tags, left = tagsOf(in.Tags)
	result.Done, err = i.blog.ImportPost(ctx, in)
	lost, notAll := i.renderer.Missing(ctx, in.Content)
	result.Why = f.notes(in.Content, lost, left, comments)
	return result, cmp.Or(err, notAll)
}

// whySkipped returns why a file is no post, or no public one, or "".
func (i *importing) whySkipped(file string, f *fields, date time.Time) string {
	why := f.whyHidden(i.defaultsFor(file), i.blog.Now())
	switch {
	case path.Base(file)[0] == '_':
		return "its name begins with _, so it is no post"
	case why != "":
		return why
	case i.chooses && !f.isChosen():
		return "other files say publish: true, and it does not"
	case date.IsZero() && f.err == nil:
		return "it has no date, so it is no post: give it one to import it"
	case date.After(i.blog.Now()):
		return "its date is in the future"
	}
	return ""
}

// nameDate is a date at the beginning of a name.
var nameDate = regexp.MustCompile(`^(\d{4}-\d\d?-\d\d?)(?:[-_ ]+|$)`)

// useName takes the date and the title from the name of a file, or of the folder of an index, unless the file has them.
func useName(p *models.Post, file string) {
	name := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if isIndexFile(file) {
		name = path.Base(path.Dir(file))
	}
	date := nameDate.FindStringSubmatch(name)
	if date != nil && p.CreatedAt.IsZero() {
		p.CreatedAt, _ = asTime(&yaml.Node{Kind: yaml.ScalarNode, Value: date[1]})
	}
	if p.Title != "" {
		return
	}
	p.Title = name
	if date != nil && date[0] != name { // the words of an address
		words := strings.NewReplacer("-", " ", "_", " ").Replace(name[len(date[0]):])
		p.Title = cases.Title(language.Und, cases.NoLower).String(words)
	}
}

// author returns the id of the first author named in a file who is here. If there is none, that is the author for such
// files. The ID is zero if neither names one.
func (i *importing) author(ctx context.Context, f *fields) (models.ID, error) {
	var names []string
	for _, field := range []string{"author", "authors"} {
		for _, name := range textsIn(f.get(field), "username", "login", "nick", "nickname", "name") {
			names = append(append(names, name), strings.Split(name, ",")...)
		}
	}
	names = names[:min(len(names), 20)]
	if i.authorName != "" {
		names = append(names, i.authorName)
	}
	for _, name := range names {
		u, err := i.blog.Store.UserByUsername(ctx, strings.Trim(name, " @[]"))
		if err == nil {
			return u.ID, nil
		}
		if !errors.Is(err, models.ErrUserNotFound) {
			return models.ID{}, err
		}
	}
	if len(names) == 0 {
		return models.ID{}, nil
	}
	return models.ID{}, refusef("nobody is called %s: register that user first, or import with -author NAME",
		cmp.Or(i.authorName, short(names[0])))
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
