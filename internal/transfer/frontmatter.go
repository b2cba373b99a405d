package transfer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"gin-blog/blog"
	"gin-blog/models"
)

// A post as a Markdown file is front matter in YAML between two lines "---", an empty line, the content, and a line
// feed. Hugo, Jekyll and others read that. The empty line and the last line feed are no part of the content.

// maxFrontMatter is how many bytes front matter has at most. It bounds what a file can make the YAML parser do.
const maxFrontMatter = 16 << 10

// fileTime is how times are written.
const fileTime = "2006-01-02T15:04:05.000Z07:00"

// formatMarkdown returns a post as a file. Go's quoted strings are double-quoted scalars of YAML, whose escapes are the
// same (YAML 1.2.2, section 5.7).
func formatMarkdown(p *models.Post) []byte {
	var file bytes.Buffer
	fmt.Fprintf(&file, "---\ntitle: %s\ndate: %s\n", strconv.Quote(p.Title), p.CreatedAt.UTC().Format(fileTime))
	if !p.UpdatedAt.Equal(p.CreatedAt) {
		fmt.Fprintf(&file, "lastmod: %s\n", p.UpdatedAt.UTC().Format(fileTime))
	}
	if p.Author != nil {
		fmt.Fprintf(&file, "author: %s\n", strconv.Quote(p.Author.Username))
	}
	if len(p.Tags) > 0 {
		quoted := make([]string, len(p.Tags))
		for i, tag := range p.Tags {
			quoted[i] = strconv.Quote(tag)
		}
		fmt.Fprintf(&file, "tags: [%s]\n", strings.Join(quoted, ", "))
	}
	fmt.Fprintf(&file, "id: %q\n---\n\n%s\n", p.ID.Hex(), p.Content)
	return file.Bytes()
}

// incoming is a post as a file has it. What the file does not say is zero.
type incoming struct {
	blog.Import
	author string // the username
	hidden string // why the post is not public now, or ""
}

// parseMarkdown reads a file. Its errors are for the person who wrote it. It leaves out fields that it does not know.
func parseMarkdown(file []byte, now time.Time) (*incoming, error) {
	if !utf8.Valid(file) {
		return nil, errors.New("it is not in UTF-8")
	}
	front, content, err := splitFrontMatter(string(bytes.TrimPrefix(file, []byte("\ufeff"))))
	if err != nil {
		return nil, err
	}
	f, err := parseYAML(front)
	if err != nil {
		return nil, err
	}
	in := &incoming{author: read(f, "author", "a text: put it in quotes", asText), hidden: f.whyHidden(now)}
	in.Lastmod = f.time("lastmod")
	in.ID = read(f, "id", "24 hex digits in quotes", asID)
	in.Title = read(f, "title", "a text: put it in quotes", asText)
	in.Tags = read(f, "tags", "texts: put them in quotes", asTexts)
	in.Content, in.CreatedAt = content, f.time("date")
	return in, f.err
}

// fences are the two lines around front matter.
var fences = regexp.MustCompile(`\A---[ \r]*\n((?s:.*?))(?m:^---[ \r]*$)\n?`)

// splitFrontMatter returns what is between the lines "---", and the content.
func splitFrontMatter(file string) (front, content string, err error) {
	found := fences.FindStringSubmatch(file)
	switch {
	case strings.HasPrefix(file, "+++"):
		return "", "", errors.New("its front matter is TOML; only YAML, between two lines ---, is read")
	case !strings.HasPrefix(file, "---"):
		return "", "", errors.New("it has no front matter: YAML between two lines ---")
	case found == nil || len(found[1]) > maxFrontMatter:
		return "", "", fmt.Errorf("no second line --- ends its front matter, of at most %d KiB", maxFrontMatter>>10)
	}
	lineEnd := "\n"
	if first, _, _ := strings.Cut(file, "\n"); strings.HasSuffix(first, "\r") {
		lineEnd = "\r\n"
	}
	content = strings.TrimPrefix(file[len(found[0]):], lineEnd)
	return found[1], strings.TrimSuffix(content, lineEnd), nil
}

// fields are the fields of a front matter, by their names in lower case.
type fields struct {
	values map[string]*yaml.Node
	err    error // what is wrong with the first field that was read and has a wrong value
}

// parseYAML reads a front matter.
func parseYAML(front string) (*fields, error) {
	var document yaml.Node
	err := yaml.Load([]byte(strings.TrimRight(front, "\r\n")), &document)
	if wrong, ok := errors.AsType[*yaml.LoadError](err); ok && wrong.Mark.Line > 0 {
		return nil, fmt.Errorf("its front matter is no YAML at line %d: %s", wrong.Mark.Line+1, wrong.Message)
	}
	if err != nil {
		return nil, errors.New("its front matter is more than one YAML document, or none")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("its front matter has no fields")
	}
	f := &fields{values: map[string]*yaml.Node{}}
	for pair := range slices.Chunk(root.Content, 2) {
		if pair[1].Kind == yaml.AliasNode || pair[0].Kind != yaml.ScalarNode || pair[0].ShortTag() == "!!merge" {
			return nil, errors.New("its front matter has aliases (*), merge keys (<<) or names that are no texts")
		}
		name := strings.ToLower(pair[0].Value)
		if f.values[name] != nil {
			return nil, fmt.Errorf("its front matter has %s twice", name)
		}
		f.values[name] = pair[1]
	}
	return f, nil
}

// read returns a field. It returns the zero value if the field is missing or null, and if it is not what it must be.
func read[T any](f *fields, name, must string, convert func(*yaml.Node) (T, bool)) (value T) {
	node := f.values[name]
	if node == nil || node.ShortTag() == "!!null" {
		return value
	}
	value, ok := convert(node)
	if !ok && f.err == nil {
		f.err = fmt.Errorf("%s must be %s", name, must)
	}
	return value
}

// time returns a time, as stores keep it.
func (f *fields) time(name string) time.Time {
	return models.StoredTime(read(f, name, "a time like 2026-01-02T15:04:05Z", asTime))
}

// whyHidden returns why a post is not public at a time, or "". It knows the names that Hugo and Jekyll have for that.
// "published" is true or false in Jekyll, and a time in Hugo.
func (f *fields) whyHidden(now time.Time) string {
	isSet := func(name string) bool { return read(f, name, "true or false", asFlag) }
	isLater := func(name string) bool { return f.time(name).After(now) }
	isOver := func(name string) bool { return !f.time(name).IsZero() && !f.time(name).After(now) }
	published, isFlag := true, false
	if node := f.values["published"]; node != nil {
		published, isFlag = asFlag(node)
	}
	switch {
	case isSet("draft"):
		return "it is a draft"
	case isSet("private"):
		return "it is private"
	case isFlag && !published:
		return "it is not published"
	case isLater("publishdate") || isLater("pubdate") || !isFlag && isLater("published"):
		return "its time to be published is in the future"
	case isOver("expirydate") || isOver("unpublishdate"):
		return "it has expired"
	}
	return ""
}

func asText(n *yaml.Node) (string, bool) { return n.Value, n.Kind == yaml.ScalarNode }

// asTexts takes a text alone as a list of one.
func asTexts(n *yaml.Node) (texts []string, ok bool) {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}, true
	}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
			return nil, false
		}
		texts = append(texts, item.Value)
	}
	return texts, n.Kind == yaml.SequenceNode
}

// asID takes no number: other programs would lose its zeros.
func asID(n *yaml.Node) (models.ID, bool) {
	id, err := models.ParseID(n.Value)
	return id, err == nil && n.ShortTag() == "!!str"
}

func asFlag(n *yaml.Node) (set, ok bool) {
	set = strings.EqualFold(n.Value, "true")
	return set, n.ShortTag() == "!!bool" && (set || strings.EqualFold(n.Value, "false"))
}

// timeForm is how people and programs write times in front matter. The time of day and the zone may be missing.
var timeForm = regexp.MustCompile(`^(\d{4})-(\d\d?)-(\d\d?)` +
	`(?:(?:[Tt]| +)(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))? *([Zz]|[+-]\d\d:?\d\d)?)?$`)

// asTime reads a time in one of these forms, by the rules of RFC 3339. A time without a zone is in UTC.
func asTime(n *yaml.Node) (time.Time, bool) {
	m := timeForm.FindStringSubmatch(n.Value)
	if m == nil || n.Kind != yaml.ScalarNode {
		return time.Time{}, false
	}
	twoDigits := func(digits string) string { return ("00" + digits)[len(digits):] }
	zone := cmp.Or(m[7], "Z")
	if len(zone) == len("+0700") {
		zone = zone[:3] + ":" + zone[3:]
	}
	return models.ParseTime(m[1] + "-" + twoDigits(m[2]) + "-" + twoDigits(m[3]) +
		"T" + twoDigits(m[4]) + ":" + cmp.Or(m[5], "00") + ":" + cmp.Or(m[6], "00") + zone)
}
