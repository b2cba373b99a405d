package models_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"gin-blog/models"
)

// TestFoldTagIsStable: a tag as it is stored is found by itself, by its capitals, and by its parts. Every character
// that has cases or parts, or is one, is tried, alone, in a word and before a mark.
func TestFoldTagIsStable(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		hasCases := unicode.ToLower(r) != r || unicode.ToUpper(r) != r
		if !hasCases && !unicode.Is(unicode.M, r) && norm.NFD.PropertiesString(string(r)).Decomposition() == nil {
			continue
		}
		for _, tag := range []string{string(r), "a" + string(r) + "b", string(r) + "\u0307", string(r) + "\u0323\u0301"} {
			folded := models.FoldTag(tag)
			for how, other := range map[string]string{
				"again": models.FoldTag(folded), "decomposed": models.FoldTag(norm.NFD.String(tag)),
				"composed": models.FoldTag(norm.NFC.String(tag)), "stored in parts": models.FoldTag(norm.NFD.String(folded)),
			} {
				if other != folded {
					t.Fatalf("%+q becomes %+q, and %s %+q", tag, folded, how, other)
				}
			}
			if models.Tag(folded) == "" && strings.ContainsFunc(folded, func(r rune) bool { return unicode.ToLower(r) != r }) {
				t.Errorf("%+q has capitals in %+q", tag, folded)
			}
		}
	}
}

func FuzzFoldTag(f *testing.F) {
	for _, seed := range []string{
		"Go", "ΟΔΟΣ-Σ", "I\u0307I\u0323\u0307i\u0307\u0301", "\u1100\u1161", "가\u11a8", "ǅ", "ﬁ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		folded := models.FoldTag(tag)
		if again := models.FoldTag(folded); again != folded {
			t.Errorf("%+q becomes %+q, and then %+q", tag, folded, again)
		}
		text := models.Text{Title: "t", Content: "c", Tags: []string{tag, folded}}
		if err := text.Clean(nil); err == nil && (len(text.Tags) != 1 || text.Tags[0] != folded) {
			t.Errorf("%+q is stored as %+q", tag, text.Tags)
		}
	})
}

// TestTagRule: the length counts after folding, and an invisible letter is none.
func TestTagRule(t *testing.T) {
	for tag, want := range map[string]bool{
		strings.Repeat("e\u0301", 32): true, strings.Repeat("e\u0301", 33): false, "": false, "-": true, "\u3164": false,
		"a\ufe0f": false, "\u0915\u094d\u0937": true, "a b": false, "a\tb": false, "\xff": false, "½": true, "²": true,
	} {
		if problem := models.Tag(models.FoldTag(tag)); (problem == "") != want {
			t.Errorf("%+q: %q", tag, problem)
		}
	}
}

// TestEveryCharacterIsSeenOrNot: what the database of Unicode calls ignorable is not seen, and letters, digits, signs
// and marks are, but for those that show nothing.
func TestEveryCharacterIsSeenOrNot(t *testing.T) {
	blank := map[rune]bool{'\u2800': true, '\U0001d159': true, '\U00013441': true, '\U00013442': true, '\U00016fe4': true}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		ignorable := unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		seen := models.Required(string(r)) == ""
		switch {
		case unicode.IsSpace(r) || ignorable || blank[r]:
			if seen {
				t.Errorf("%U is taken for something to see", r)
			}
		case unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.P, unicode.S) && !seen:
			t.Errorf("%U is taken for nothing to see", r)
		}
	}
}
