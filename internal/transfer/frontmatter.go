package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/pelletier/go-toml/v2"
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

// parseMarkdown returns the front matter of a file, and the content. Its errors are for the person who wrote the file.
func parseMarkdown(file []byte) (*fields, string, error) {
	if !utf8.Valid(file) {
		return nil, "", errors.New("it is not in UTF-8: save it again in that encoding")
	}
	text := strings.TrimPrefix(string(file), "\ufeff")
	begin := strings.TrimSpace(text[:min(len(text), 1000)])
	found := fences.FindStringSubmatch(text)
	if found == nil {
		found = jsonObject.FindStringSubmatch(text)
	}
	switch {
	case found == nil && !strings.HasPrefix(begin, "---") && !strings.HasPrefix(begin, "+++"):
		return &fields{doubt: "it has no front matter, so it is no post: YAML between two lines ---"}, text, nil
	case found == nil || len(found[3]) > maxFrontMatter:
		return nil, "", fmt.Errorf("no second line --- ends its front matter, of at most %d KiB", maxFrontMatter>>10)
	}
	lineEnd := "\n"
	if first, _, _ := strings.Cut(text, "\n"); strings.HasSuffix(first, "\r") {
		lineEnd = "\r\n"
	}
	content := strings.TrimSuffix(strings.TrimPrefix(text[len(found[0]):], lineEnd), lineEnd)
	f, err := parseFields(found[2], found[3], strings.Count(found[1], "\n"))
	return f, content, err
}

var (
	// fences are the lines around front matter. The first one may name a language.
	fences = regexp.MustCompile(`\A(\s*(---[a-z]*|\+\+\+)[ \t\r]*\n)((?s:.*?))` +
		`(?m:^(?:---|\+\+\+|\.\.\.)[ \t\r]*$)\n?`)
	// jsonObject is front matter without such lines.
	jsonObject = regexp.MustCompile(`\A(\s*)()(\{\s*"(?s:.*?)(?m:^\}))[ \t\r]*(?:\n|\z)`)
)

// parseFields reads a front matter with such a first line, which JSON may lack. before is how many lines of the file
// are before the front matter.
func parseFields(fence, front string, before int) (*fields, error) {
	var value map[string]any
	var err error
	switch fence {
	case "---", "---yaml", "---yml":
		return parseYAML(front, before)
	case "+++", "---toml":
		err = toml.Unmarshal([]byte(front), &value)
	case "", "---json":
		err = json.Unmarshal([]byte(front), &value)
	default:
		return nil, fmt.Errorf("its front matter begins with %s: only YAML, TOML and JSON are read", fence)
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := wrong.Position()
		return nil, fmt.Errorf("its front matter is wrong at line %d: %s", before+line, inOneLine(err.Error()))
	}
	asJSON := []byte("{}") // is YAML too
	if err == nil {
		asJSON, err = json.Marshal(value, json.Deterministic(true))
	}
	if err == nil && len(asJSON) > 4*maxFrontMatter {
		err = fmt.Errorf("it is longer than %d KiB", 4*maxFrontMatter>>10)
	}
	if err != nil {
		return nil, fmt.Errorf("its front matter is wrong: %w", err)
	}
	return parseYAML(string(asJSON), before)
}

// parseYAML reads a front matter in YAML.
func parseYAML(front string, before int) (*fields, error) {
	var document yaml.Node
	if front = strings.TrimRight(front, "\r\n"); front == "" {
		front = "{}"
	}
	err := yaml.Load([]byte(front), &document)
	if wrong, ok := errors.AsType[*yaml.LoadError](err); ok && wrong.Mark.Line > 0 {
		line := wrong.Mark.Line
		if wrong.ContextMark.Line > 0 && !strings.Contains(wrong.ContextMsg, "block") { // where a quote or list begins
			line = wrong.ContextMark.Line
		}
		line = min(line, 1+strings.Count(front, "\n"))
		return nil, fmt.Errorf("its front matter is wrong at line %d: %s: put the text in quotes", before+line, wrong.Message)
	}
	if err != nil {
		return nil, errors.New("its front matter is more than one YAML document, or none")
	}
	return newFields(document.Content[0])
}

// fields are the fields of a front matter, or of what another file says of all files in a folder.
type fields struct {
	// values has the fields by their names, as foldName has them. Those inside another one have both names, with a dot.
	values map[string]*yaml.Node
	err    error  // what is wrong with the first field that was read and has a wrong value
	source string // for people: "it", or the other file
	doubt  string // why the files are not public whatever the values are, or ""
}

var errOdd = errors.New("its front matter has aliases (*), merge keys (<<) or names that are no texts")

// newFields returns the fields of a map.
func newFields(root *yaml.Node) (*fields, error) {
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("its front matter has no fields")
	}
	f := &fields{values: map[string]*yaml.Node{}, source: "it"}
	for pair := range slices.Chunk(root.Content, 2) {
		name := foldName(pair[0].Value)
		switch {
		case pair[1].Kind == yaml.AliasNode || !isName(pair[0]):
			return nil, errOdd
		case f.values[name] != nil:
			return nil, fmt.Errorf("its front matter has %s twice", short(name))
		}
		f.values[name] = pair[1]
		if pair[1].Kind != yaml.MappingNode {
			continue
		}
		for inner := range slices.Chunk(pair[1].Content, 2) {
			if !isName(inner[0]) {
				return nil, errOdd
			}
			f.values[name+"."+foldName(inner[0].Value)] = inner[1]
		}
	}
	return f, nil
}

// isName returns whether a key of a map is the name of one field.
func isName(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() != "!!merge" }

var nameSeparators = strings.NewReplacer("-", "", "_", "", " ", "")

// foldName returns a name without what blogs write in different ways: publishDate, publish_date, "Publish Date".
func foldName(name string) string { return nameSeparators.Replace(strings.ToLower(name)) }

// get returns the value of a field, or nil if it is missing, null or empty.
func (f *fields) get(name string) *yaml.Node {
	node := f.values[foldName(name)]
	if node == nil || node.ShortTag() == "!!null" || node.Kind == yaml.ScalarNode && node.Value == "" {
		return nil
	}
	return node
}

// read returns a field. It returns the zero value if the field is missing, and if it is not what it must be.
func read[T any](f *fields, name, must string, convert func(*yaml.Node) (T, bool)) (value T) {
	node := f.get(name)
	if node == nil {
		return value
	}
	value, ok := convert(node)
	if !ok && f.err == nil {
		f.err = fmt.Errorf("%s must be %s", name, must)
	}
	return value
}

// time returns a time, as stores keep it: a field or, without it, the first of some others that is a time.
func (f *fields) time(name string, others ...string) time.Time {
	t := read(f, name, "a time like 2026-01-02T15:04:05Z", asTime)
	for _, other := range others {
		if node := f.get(other); node != nil && t.IsZero() {
			t, _ = asTime(node)
		}
	}
	return models.StoredTime(t)
}

// post returns the post of a file with these fields. If one is wrong, f.err says so.
func (f *fields) post(content string) blog.Import {
	in := blog.Import{Lastmod: f.time("lastmod", "lastModifiedAt", "updated", "updatedAt", "modified", "dateModified")}
	in.ID = read(f, "id", "24 hex digits in quotes", asID)
	in.Title = read(f, "title", "a text: put it in quotes", asText)
	in.Content = content
	in.CreatedAt = f.time("date",
		"publishDate", "pubDate", "datePublished", "published", "created", "createdAt", "dateCreated")
	for _, name := range []string{"tags", "tag", "categories", "category"} {
		switch node := f.get(name); {
		case node == nil || node.Kind != yaml.ScalarNode:
			in.Tags = append(in.Tags, textsIn(node)...)
		case strings.HasSuffix(name, "s") && !strings.Contains(node.Value, ","):
			in.Tags = append(in.Tags, strings.Fields(node.Value)...)
		default:
			in.Tags = append(in.Tags, strings.Split(node.Value, ",")...)
		}
	}
	return in
}
