package transfer

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gin-blog/models"
	"gin-blog/models/storetest"
)

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
		got, err := parseMarkdown(formatMarkdown(p), time.Now())
		if err != nil {
			t.Fatalf("%q: %v", formatMarkdown(p), err)
		}
		if got.ID != p.ID || got.Title != title || got.Content != content || got.author != author || got.hidden != "" ||
			!slices.Equal(got.Tags, p.Tags) || !got.CreatedAt.Equal(p.CreatedAt) ||
			!got.Lastmod.IsZero() && !got.Lastmod.Equal(p.UpdatedAt) {
			t.Errorf("got %+v from %q", got, formatMarkdown(p))
		}
	})
}

// TestFilesKeepEveryField: a field that is added must be written and read.
func TestFilesKeepEveryField(t *testing.T) {
	text := storetest.Filled[models.Text](t)
	got, err := parseMarkdown(formatMarkdown(&models.Post{ID: models.NewID(), Text: text}), time.Now())
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
	} {
		p, err := parseMarkdown([]byte("---\ndate: "+text+"\n---\n\nx\n"), time.Now())
		if err != nil || p.CreatedAt.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %+v, %v, want %s", text, p, err, want)
		}
	}
	for _, text := range []string{
		"2024-05-01T10:00:00,5Z", "2024-05-01T10:00:00+24:00", "2024-05-01 10:00 +2400", "2024-05-01T24:00:00Z", "2024-02-30",
		"2024-05-01T10:00:60Z", "2024-05-01Z", "2024-13-01", "24-05-01", "2024-05-01T10Z", "20240501", "2024",
	} {
		if p, err := parseMarkdown([]byte("---\ndate: "+text+"\n---\n\nx\n"), time.Now()); err == nil {
			t.Errorf("%s: got %s, want none", text, p.CreatedAt)
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
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = parseMarkdown([]byte("---\n"+front+"\n---\n\nx\n"), time.Now()) // another test looks at the errors
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 20 {
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
	f.Fuzz(func(t *testing.T, file string) {
		begin := time.Now()
		if _, err := parseMarkdown([]byte(file), time.Now()); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q", file, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%q took %s", file, took)
		}
	})
}
