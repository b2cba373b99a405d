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

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"gin-blog/internal/validation"
	"gin-blog/models"
)

// A post as a Markdown file is front matter in YAML between two lines "---", an empty line, the content, and a line
// feed. Hugo, Jekyll and others read that. The empty line and the last line feed are no part of the content.

// The bounds of what a file can make the YAML parser do: its time grows with the square of the lines, and with the
// square of the nesting.
const (
	maxFrontMatter = 16 << 10 // bytes
	maxLines       = 500
	maxNesting     = 20
)

// fileTime is how times are written.
const fileTime = "2006-01-02T15:04:05.000Z07:00"

// formatMarkdown returns a post as a file. Without an author, the file names none. Go's quoted strings are
// double-quoted scalars of YAML, whose escapes are the same (YAML 1.2.2, section 5.7).
func formatMarkdown(p *models.Post, author string) []byte {
	var file bytes.Buffer
	fmt.Fprintf(&file, "---\ntitle: %s\ndate: %s\n", strconv.Quote(p.Title), p.CreatedAt.UTC().Format(fileTime))
	if !p.UpdatedAt.Equal(p.CreatedAt) {
		fmt.Fprintf(&file, "lastmod: %s\n", p.UpdatedAt.UTC().Format(fileTime))
	}
	if author != "" {
		fmt.Fprintf(&file, "author: %s\n", strconv.Quote(author))
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

// markdownPost is a post as a file has it. What the file does not say is zero.
type markdownPost struct {
	id            models.ID
	title         string
	content       string
	tags          []string
	author        string // the username
	date, lastmod time.Time
	// What says that the post is not public, or not always.
	isDraft, isPrivate, isUnpublished bool
	publishDates, expiryDates         []time.Time
}

// whyHidden returns why a post is not public at a time, or "".
func (p *markdownPost) whyHidden(now time.Time) string {
	switch {
	case p.isDraft:
		return "it is a draft"
	case p.isPrivate:
		return "it is private"
	case p.isUnpublished:
		return "it is not published"
	case slices.ContainsFunc(p.publishDates, now.Before):
		return "its time to be published is still to come"
	case slices.ContainsFunc(p.expiryDates, func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }):
		return "it has expired"
	}
	return ""
}

// parseMarkdown reads a file. Its errors are for the person who wrote it. It leaves out fields that it does not know.
func parseMarkdown(file []byte) (*markdownPost, error) {
	if !utf8.Valid(file) {
		return nil, errors.New("it is not in UTF-8")
	}
	front, content, err := splitFrontMatter(string(bytes.TrimPrefix(file, []byte("\ufeff"))))
	if err != nil {
		return nil, err
	}
	fields, err := parseYAML(front)
	if err != nil {
		return nil, err
	}
	p := &markdownPost{content: content}
	p.title, err = fields.text("title", err)
	p.author, err = fields.text("author", err)
	p.tags, err = fields.texts("tags", err)
	p.date, err = fields.time("date", err)
	p.lastmod, err = fields.time("lastmod", err)
	err = fields.visibility(p, err)
	if id, given := fields["id"]; given && err == nil {
		text, _ := id.(string) // an id without quotes may be a number in YAML, which loses zeros
		if p.id, err = models.ParseID(text); err != nil {
			err = errors.New("id must be 24 hex digits in quotes")
		}
	}
	return p, err
}

// splitFrontMatter returns what is between the lines "---", and the content.
func splitFrontMatter(file string) (front, content string, err error) {
	first, rest, _ := strings.Cut(file, "\n")
	lineEnd := "\n"
	if strings.HasSuffix(first, "\r") {
		lineEnd = "\r\n"
	}
	switch strings.TrimRight(first, "\r ") {
	case "---":
	case "+++":
		return "", "", errors.New("its front matter is TOML; only YAML, between two lines ---, is read")
	default:
		return "", "", errors.New("it has no front matter: YAML between two lines ---")
	}
	for end := 0; end <= min(len(rest), maxFrontMatter); {
		line, after, found := strings.Cut(rest[end:], "\n")
		if strings.TrimRight(line, "\r ") == "---" {
			content = strings.TrimSuffix(strings.TrimPrefix(after, lineEnd), lineEnd)
			return rest[:end], content, nil
		}
		if !found {
			break
		}
		end += len(line) + 1
	}
	return "", "", fmt.Errorf("no second line --- ends its front matter, of at most %d KiB", maxFrontMatter>>10)
}

// fields are the fields of a front matter, by their names in lower case.
type fields map[string]any

// parseYAML reads a front matter.
func parseYAML(front string) (fields, error) {
	front = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(front) // as YAML has it
	if err := checkYAML(front); err != nil {
		return nil, err
	}
	var found map[string]any
	if err := yaml.Unmarshal([]byte(front), &found); err != nil {
		return nil, describeYAMLError(err)
	}
	lower := make(fields, len(found))
	for name, value := range found {
		name = strings.ToLower(name)
		if _, twice := lower[name]; twice {
			return nil, fmt.Errorf("its front matter has %s twice", name)
		}
		lower[name] = value
	}
	return lower, nil
}

// describeYAMLError says what is wrong, and in which line of the file. It does not ask for the whole text of the
// error, which shows the lines around at great cost.
func describeYAMLError(err error) error {
	located, ok := errors.AsType[yaml.Error](err)
	if !ok || located.GetToken() == nil {
		return errors.New("its front matter is no YAML")
	}
	reason, _, _ := strings.Cut(located.GetMessage(), "\n")
	return fmt.Errorf("its front matter is no YAML at line %d: %s", located.GetToken().Position.Line+1, reason)
}

// checkYAML refuses a front matter that would cost too much. It refuses aliases, with which a short text can stand for
// a very long one.
func checkYAML(front string) error {
	if strings.Count(front, "\n") > maxLines {
		return fmt.Errorf("its front matter has more than %d lines", maxLines)
	}
	var blocks []int // the columns at which the open blocks start
	brackets := 0
	for _, t := range lexer.Tokenize(front) {
		switch t.Type {
		case token.AliasType, token.MergeKeyType:
			return errors.New("its front matter has aliases (*), which are not read")
		case token.DocumentHeaderType, token.DocumentEndType:
			return errors.New("its front matter is more than one YAML document")
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		}
		if brackets == 0 && startsBlock(t) {
			for len(blocks) > 0 && blocks[len(blocks)-1] >= t.Position.Column {
				blocks = blocks[:len(blocks)-1]
			}
			blocks = append(blocks, t.Position.Column)
		}
		if len(blocks)+brackets > maxNesting {
			return fmt.Errorf("its front matter is nested more than %d deep, at line %d", maxNesting, t.Position.Line+1)
		}
	}
	return nil
}

// startsBlock returns whether a token may start a block: it is the first of its line, or follows "-" or "?".
func startsBlock(t *token.Token) bool {
	return t.Prev == nil || t.Prev.Position.Line < t.Position.Line ||
		t.Prev.Type == token.SequenceEntryType || t.Prev.Type == token.MappingKeyType
}

// The methods below return the zero value if a field is missing or null, or if there was an error before.

// text returns a text, or a whole number as text.
func (f fields) text(name string, before error) (string, error) {
	if before != nil || f[name] == nil {
		return "", before
	}
	text, ok := asText(f[name])
	if !ok {
		return "", fmt.Errorf("%s must be a text: put it in quotes", name)
	}
	return text, nil
}

// texts returns a list of texts. A text alone is a list of one.
func (f fields) texts(name string, before error) ([]string, error) {
	if before != nil || f[name] == nil {
		return nil, before
	}
	list, isList := f[name].([]any)
	if !isList {
		list = []any{f[name]}
	}
	texts := make([]string, len(list))
	for i, value := range list {
		text, ok := asText(value)
		if !ok {
			return nil, fmt.Errorf("%s must be texts: put them in quotes", name)
		}
		texts[i] = text
	}
	return texts, nil
}

// time returns a time, as stores keep it. A time without a zone is in UTC.
func (f fields) time(name string, before error) (time.Time, error) {
	if before != nil || f[name] == nil {
		return time.Time{}, before
	}
	if at, ok := f[name].(time.Time); ok {
		return models.StoredTime(at), nil
	}
	text, _ := f[name].(string)
	if at, ok := parseTime(text); ok {
		return models.StoredTime(at), nil
	}
	return time.Time{}, fmt.Errorf("%s must be a time like 2026-01-02T15:04:05Z", name)
}

// timeForm is how people and programs write times in front matter. The time of day and the zone may be missing.
var timeForm = regexp.MustCompile(`^(\d{4})-(\d\d?)-(\d\d?)` +
	`(?:(?:[Tt]| +)(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))? *([Zz]|[+-]\d\d:?\d\d)?)?$`)

// parseTime reads a time in one of these forms, by the rules of RFC 3339.
func parseTime(text string) (time.Time, bool) {
	m := timeForm.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	twoDigits := func(digits string) string { return ("00" + digits)[len(digits):] }
	zone := cmp.Or(m[7], "Z")
	if len(zone) == len("+0700") {
		zone = zone[:3] + ":" + zone[3:]
	}
	return validation.ParseTime(m[1] + "-" + twoDigits(m[2]) + "-" + twoDigits(m[3]) +
		"T" + twoDigits(m[4]) + ":" + cmp.Or(m[5], "00") + ":" + cmp.Or(m[6], "00") + zone)
}

// flag returns true or false.
func (f fields) flag(name string, before error) (bool, error) {
	if before != nil || f[name] == nil {
		return false, before
	}
	set, ok := f[name].(bool)
	if !ok {
		return false, fmt.Errorf("%s must be true or false", name)
	}
	return set, nil
}

// visibility reads what says whether a post is public, under the names that Hugo and Jekyll have for it. "published" is
// true or false in Jekyll, and a time in Hugo.
func (f fields) visibility(p *markdownPost, err error) error {
	p.isDraft, err = f.flag("draft", err)
	p.isPrivate, err = f.flag("private", err)
	publishNames := []string{"publishdate", "pubdate"}
	if published, isFlag := f["published"].(bool); isFlag {
		p.isUnpublished = !published
	} else {
		publishNames = append(publishNames, "published")
	}
	p.publishDates, err = f.times(publishNames, err)
	p.expiryDates, err = f.times([]string{"expirydate", "unpublishdate"}, err)
	return err
}

// times returns the time of each name.
func (f fields) times(names []string, err error) ([]time.Time, error) {
	found := make([]time.Time, len(names))
	for i, name := range names {
		found[i], err = f.time(name, err)
	}
	return found, err
}

func asText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case uint64, int64, int:
		return fmt.Sprint(value), true
	}
	return "", false
}
