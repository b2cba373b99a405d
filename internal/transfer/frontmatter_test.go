package transfer

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gin-blog/blog"
	"gin-blog/models"
	"gin-blog/models/storetest"
)

// parsePost returns the post of a file, and its front matter.
func parsePost(file []byte) (blog.Import, *fields, error) {
	f, content, err := parseMarkdown(file)
	if err != nil {
		return blog.Import{}, nil, err
	}
	in := f.post(content)
	return in, f, f.err
}

// FuzzMarkdown wants each post to come back from its file as it was.
func FuzzMarkdown(f *testing.F) {
	f.Add("title", "content", "author", "tag", int64(1714557600123))
	f.Add(`a: "b" # \`, "---\n\r\n", "007", "2024", int64(-1))
	f.Add("\u2028\u0085\ufeff\x00", "\n\n", "null", "*a", int64(0))
	f.Fuzz(func(t *testing.T, title, content, author, tag string, at int64) {
		if at < 0 || at > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() || len(title)+len(author)+len(tag) > 1000 ||
			!utf8.ValidString(strings.Join([]string{title, content, author, tag}, " ")) {
			t.Skip()
		}
		p := &models.Post{
			ID: models.NewID(), Text: models.Text{Title: title, Content: content, Tags: []string{tag, title}},
			CreatedAt: time.UnixMilli(at).UTC(),
		}
		p.UpdatedAt = p.CreatedAt.Add(time.Duration(at%2) * time.Hour)
		if author != "" {
			p.Author = &models.Author{Username: author}
		}
		got, f, err := parsePost(formatMarkdown(p))
		if err != nil {
			t.Fatalf("%q: %v", formatMarkdown(p), err)
		}
		named := append(textsIn(f.get("author")), "")[0]
		if got.ID != p.ID || got.Title != title || got.Content != content || named != author ||
			f.whyHidden(nil, time.Now()) != "" ||
			!slices.Equal(got.Tags, p.Tags) || !got.CreatedAt.Equal(p.CreatedAt) ||
			!got.Lastmod.IsZero() && !got.Lastmod.Equal(p.UpdatedAt) {
			t.Errorf("got %+v from %q", got, formatMarkdown(p))
		}
	})
}

// TestFilesKeepEveryField: a field that is added must be written and read.
func TestFilesKeepEveryField(t *testing.T) {
	text := storetest.Filled[models.Text](t)
	got, _, err := parsePost(formatMarkdown(&models.Post{ID: models.NewID(), Text: text}))
	if err != nil || !reflect.DeepEqual(got.Text, text) {
		t.Errorf("got %+v, %v, want %+v", got, err, text)
	}
}

func TestTimesOfFrontMatter(t *testing.T) {
	for text, want := range map[string]string{
		"2024-05-01": "2024-05-01T00:00:00Z", "2024-5-1": "2024-05-01T00:00:00Z",
		"2024-05-01T10:00:00Z":   "2024-05-01T10:00:00Z",
		"2024-05-01t10:00:00.5z": "2024-05-01T10:00:00.5Z", "2024-05-01T10:00:00+02:00": "2024-05-01T08:00:00Z",
		"2024-05-01 10:00:00 +0200": "2024-05-01T08:00:00Z", "2024-05-01 10:00:00 +02:00": "2024-05-01T08:00:00Z",
		"2024-05-01 10:00 -0930": "2024-05-01T19:30:00Z", "2024-05-01T10:00Z": "2024-05-01T10:00:00Z",
		"2024-05-01 9:00": "2024-05-01T09:00:00Z", "2024-05-01T10:00:00": "2024-05-01T10:00:00Z",
		"2016-12-31T23:59:60Z": "2017-01-01T00:00:00Z", `"2024-05-01"`: "2024-05-01T00:00:00Z",
		"2024-05-01 10:00 +0200": "2024-05-01T08:00:00Z", "2024-05-01 10:00:00 +02": "2024-05-01T08:00:00Z",
		"2024-05-01 10:00:00 UTC": "2024-05-01T10:00:00Z", "2024-05-01 10:00 EST": "2024-05-01T15:00:00Z",
		"Wed, 01 May 2024 10:00:00 GMT": "2024-05-01T10:00:00Z", "Wed, 1 May 2024 10:00:00 +0200": "2024-05-01T08:00:00Z",
		"1 May 2024 10:00 PDT": "2024-05-01T17:00:00Z", "Wed, 01 May 24 10:00 GMT": "2024-05-01T10:00:00Z",
		"Wed, 01 May 2024 10:00:00 +0200 (CEST)": "2024-05-01T08:00:00Z",
		"May 1, 2024":                            "2024-05-01T00:00:00Z",
		"1 January 2024":                         "2024-01-01T00:00:00Z", "2024/5/1": "2024-05-01T00:00:00Z",
	} {
		p, _, err := parsePost([]byte("---\ndate: " + text + "\n---\n\nx\n"))
		if err != nil || p.CreatedAt.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %+v, %v, want %s", text, p, err, want)
		}
	}
	for _, text := range []string{
		"2024-05-01T10:00:00,5Z", "2024-05-01T10:00:00+24:00", "2024-05-01 10:00 +2400", "2024-05-01T24:00:00Z", "2024-02-30",
		"2024-05-01T10:00:60Z", "2024-05-01Z", "2024-13-01", "24-05-01", "2024-05-01T10Z", "20240501", "2024",
		"Wed, 01 May 2024 10:00:00 CEST", "2024-05-01 10:00 Berlin", "01/05/2024", "1.5.2024", "yesterday", "Last Modified",
		"May 32, 2024", "[2024-05-01]", "{a: 2024-05-01}", "' '", strings.Repeat("1", 200),
	} {
		if p, _, err := parsePost([]byte("---\ndate: " + text + "\n---\n\nx\n")); err == nil {
			t.Errorf("%s: got %s, want none", text, p.CreatedAt)
		}
	}
}

// TestErrorsNameTheLine: the line is that of the file, and the error says what to do.
func TestErrorsNameTheLine(t *testing.T) {
	const quotes = ": put the text in quotes"
	for file, want := range map[string]string{
		"---\ntitle: Foo: bar\n---\n":               "line 2: mapping values are not allowed in this context" + quotes,
		"---\na: 1\ntitle: Foo: bar\nb: 2\n---\n":   "line 3: mapping values are not allowed in this context" + quotes,
		"\ufeff\n---\na: 1\ntitle: Foo: bar\n---\n": "line 4: mapping values are not allowed in this context" + quotes,
		"---\r\na: 1\r\ntitle: Foo: bar\r\n---\r\n": "line 3: mapping values are not allowed in this context" + quotes,
		"---\na: 1\ntitle: \"x\" y\nb: 2\n---\n":    "line 3: did not find expected key" + quotes,
		"---\na: 1\ntitle: @x\nb: 2\n---\n":         "line 3: found character that cannot start any token" + quotes,
		"---\na: 1\ntitle: \"x\nb: 2\nc: 3\n---\n":  "line 3: found unexpected end of stream" + quotes,
		"---\na: 1\ntitle x\nb: 2\n---\n":           "line 3: could not find expected ':'" + quotes,
		"---\na: 1\ntitle: [\n---\n":                "line 3: did not find expected node content" + quotes,
		"---\na: 1\ntitle: [x\nb: 2\n---\n":         "line 3: did not find expected ',' or ']'" + quotes,
		"+++\na = 1\ntitle = Foo\n+++\n":            "line 3: toml: ",
		"+++\na = 1\ntitle = 'Foo\nb = 2\n+++\n":    "line 3: toml: ",
	} {
		_, _, err := parsePost([]byte(file))
		if err == nil || !strings.HasPrefix(err.Error(), "its front matter is wrong at "+want) {
			t.Errorf("%q: got %v, want %q", file, err, want)
		}
	}
}

// TestTitlesStayAsTheyAreTyped: a number is no number in a title.
func TestTitlesStayAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"007": "007", "1e3": "1e3", "0x10": "0x10", "yes": "yes", "1_000": "1_000", "2024-05-01": "2024-05-01",
		"1.50": "1.50",
		"~":    "", "null": "", "'null'": "null", "'it''s'": "it's", "a #b": "a", "a#b": "a#b", "!!str 007": "007",
	} {
		if in, _, err := parsePost([]byte("---\ntitle: " + typed + "\n---\n")); err != nil || in.Title != want {
			t.Errorf("%s: got %q, %v, want %q", typed, in.Title, err, want)
		}
	}
}

// TestFrontMatterInOtherLanguages: TOML and JSON say the same as YAML.
func TestFrontMatterInOtherLanguages(t *testing.T) {
	for _, title := range []string{"x", "007", "true", "null", "a: b", "a\u2028b", "😀", `\ "`, " x ", "2024-05-01"} {
		quoted := strconv.Quote(title)
		for _, file := range []string{
			"---\ntitle: " + quoted + "\ndate: 2024-05-01T10:00:00+02:00\ntags: [a, 7]\nlastmod: 2024-05-02\n---\n\nx\n",
			"+++\ntitle = " + quoted + "\ndate = 2024-05-01T10:00:00+02:00\ntags = ['a', 7]\nlastmod = 2024-05-02\n+++\n\nx\n",
			"{\n\"title\": " + quoted + ", \"date\": \"2024-05-01T08:00Z\", \"tags\": [\"a\", 7], " +
				"\"lastmod\": \"2024-05-02\"\n}\n\nx\n",
		} {
			in, _, err := parsePost([]byte(file))
			if err != nil || in.Title != title || in.Content != "x" || in.Lastmod.Day() != 2 ||
				in.CreatedAt.Format(time.RFC3339) != "2024-05-01T08:00:00Z" || !slices.Equal(in.Tags, []string{"a", "7"}) {
				t.Errorf("%q: got %+v, %v", file, in, err)
			}
		}
	}
}

// TestHostileFrontMatterIsCheap reads front matter of 16 KiB that costs a YAML parser without bounds some hundred MiB.
func TestHostileFrontMatterIsCheap(t *testing.T) {
	nested, keys := "", ""
	for i := range 150 {
		nested += strings.Repeat(" ", i) + "a:\n"
	}
	for i := range 490 {
		keys += fmt.Sprintf("a%d: &a%d !!str b\n", i, i)
	}
	for name, front := range map[string]string{
		"brackets": fill("["), "brackets of a field": "a: " + fill("["), "pairs of brackets": fill("[]"),
		"maps": fill("{a: "), "lists": fill("- "), "maps in lists": fill("[a: {b: "), "lists in maps": fill("{a: - - "),
		"nested": nested, "keys": keys, "a long key": fill("a") + ": b", "question marks": fill("? "),
		"empty lines": "a: |\n" + fill("\n"), "carriage returns": "a: |\n" + fill("\r"), "texts": fill("a: |\n  b\n"),
		"quotes": "a: \"" + fill("\ta"), "numbers": "a: " + fill("9"), "documents": fill("--- a\n"),
		"no directives": fill("%"), "reserved": fill("@"), "anchors": fill("&a "), "tags": fill("!!str "),
		"tables": fill("[a.a]\n"), "long names": "a" + fill(".a") + " = 1", "arrays": "a = " + fill("["),
		"tables in tables": "a = " + fill("{a = "), "objects": fill(`{"a":`), "arrays of JSON": `{"a":` + fill("["),
		"closed": `{"a":` + fill("[")[:8000] + fill("]")[:8000] + "}",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, fence := range []string{"---", "+++", "---json"} { // another test looks at the errors
			_, _, _ = parsePost([]byte(fence + "\n" + front + "\n" + fence[:3] + "\n\nx\n"))
		}
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 50 {
			t.Errorf("%s: allocates %d MiB", name, used)
		}
	}
}

// fill repeats a text up to the longest front matter.
func fill(unit string) string { return strings.Repeat(unit, (maxFrontMatter-100)/len(unit)) }

// FuzzParseMarkdown wants no file to take long, and every error to be a line.
func FuzzParseMarkdown(f *testing.F) {
	f.Add("---\ntitle: x\n---\n\nHello\n")
	f.Add("---\na: &a [1]\nb: *a\n---\n")
	f.Add("---\n? [\n")
	f.Add("+++\na = [1]\n[b]\nc = 2024-05-01\n+++\n")
	f.Add("{\n\"a\": 1}\n}\n")
	f.Add("+++\na = [0]\n[\n+++\n")
	f.Add("---\n\"a\\nb\": 1\n\"A\\nB\": 1\n---\n")
	f.Fuzz(func(t *testing.T, file string) {
		begin := time.Now()
		if _, _, err := parsePost([]byte(file)); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q", file, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%q took %s", file, took)
		}
	})
}
