package models_test

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"testing"
	"unicode"

	"gin-blog/models"
)

func TestFoldWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		" \t.":                 "",
		"Hello world":          "HELLO WORLD",
		"  it isn't. (art) ":   "IT ISN T ART",
		"foo_bar _ -":          "FOO_BAR _",
		"Hello🤩 world":         "HELLO WORLD",
		"5₽ 👍🏽ok":              "5 OK",
		"naïve E\u0301cole ½":  "NAÏVE E\u0301COLE ½",
		"Größe ẞ ΣΊΣΥΦΟΣ ς":    "GRÖßE ß ΣΊΣΥΦΟΣ Σ",
		"हिन्दी 日本語":           "हिन्दी 日本語",
		"a\x00b\xffc\u200dd":   "A B C D",
		"\u212aelvin \u017fun": "KELVIN SUN",
	} {
		if got := models.FoldWords(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := models.FoldWords("a b", "", ".", "c"); got != "A B C" {
		t.Errorf("several texts: got %q", got)
	}
}

// everyCharacter yields texts in which every code point stands between two words. Each text has one block of them.
func everyCharacter() iter.Seq[string] {
	return func(yield func(string) bool) {
		const block = 4096
		for first := rune(0); first <= unicode.MaxRune; first += block {
			var text strings.Builder
			for r := first; r < first+block; r++ {
				text.WriteString("c" + string(r) + "B ")
			}
			if !yield(text.String()) {
				return
			}
		}
	}
}

// TestWordsOfEveryCharacter compares the words that are indexed, and those that are looked for, with the rule written
// another way.
func TestWordsOfEveryCharacter(t *testing.T) {
	separates := func(r rune) bool { return r != '_' && !unicode.In(r, unicode.L, unicode.N, unicode.M) }
	block := 0
	for text := range everyCharacter() {
		want, indexed := strings.FieldsFunc(text, separates), strings.Fields(models.FoldWords(text))
		if !slices.EqualFunc(indexed, want, strings.EqualFold) {
			t.Errorf("block %d: indexed %q, want %q", block, indexed, want)
		}
		slices.Sort(indexed)
		if got := models.ParseWords(text).Folded(); !slices.Equal(slices.Compact(indexed), got) {
			t.Errorf("block %d: indexed %q, looked for %q", block, indexed, got)
		}
		block++
	}
}

// TestRuleOfWordsIsThatOfTheIndex: files hold an index by this rule. If the rule changes, by a newer Unicode of Go for
// example, add a migration that fills posts_search again, and then the new hash here.
func TestRuleOfWordsIsThatOfTheIndex(t *testing.T) {
	hash := sha256.New()
	for text := range everyCharacter() {
		hash.Write([]byte(models.FoldWords(text)))
	}
	const want = "8a2fb04be743d558fdca49f857cab239bccb8b95f8939241146730a0177e24f8"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the rule of words has changed: its hash is %s (Unicode %s), want %s", got, unicode.Version, want)
	}
}

func TestWordsOccurIn(t *testing.T) {
	for _, c := range []struct {
		words, title, content string
		want                  bool
	}{
		{"", "Title", "content", true},
		{"hello", "Hello🤩 world", "", true},
		{"WORLD title", "A title", "hello, world", true},
		{"hell", "hello", "hello", false},
		{"foo", "foo_bar", "", false},
		{"FOO_bar", "foo_bar", "", true},
		{"title missing", "A title", "hello", false},
	} {
		if got := models.ParseWords(c.words).OccurIn(c.title, c.content); got != c.want {
			t.Errorf("%q in %q and %q: got %v", c.words, c.title, c.content, got)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, text := range []string{"Hello🤩 world", "foo_bar AND* \"x\"", "a\x00\xff\u0301ς"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, folded := models.ParseWords(text), models.FoldWords(text)
		indexed := strings.Split(folded, " ")
		slices.Sort(indexed)
		if want := words.Folded(); folded != "" && !slices.Equal(slices.Compact(indexed), want) {
			t.Errorf("%q: indexed %q, looked for %q", text, indexed, want)
		}
		if models.FoldWords(folded) != folded {
			t.Errorf("%q: folding twice gives %q", text, models.FoldWords(folded))
		}
		if !words.OccurIn(text) || !words.OccurIn(folded) {
			t.Errorf("%q: its own words do not occur in it", text)
		}
	})
}
