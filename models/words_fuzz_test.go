package models_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"gin-blog/models"
)

// FuzzOccurIn compares words with a plain reference: a regular expression that splits, and strings.EqualFold.
func FuzzOccurIn(f *testing.F) {
	for _, seed := range [][2]string{
		{"Hello, World!", "hello"}, {"", ""}, {"σας ΣΑΣ", "Σας"}, {"Hello🤩 world", "HELLO world"}, {"a_b", "a"},
		{"\u212a elvin", "k K"}, {"e\u0301a", "E\u0301A"}, {"\xff a\xffb", "b"}, {"ß ẞ ss", "ẞ"}, {"x²y ½", "½"},
		{"\u0345", "ι"}, {"İ i I ı", "i"}, {"👍🏽 ok ₽", "OK"}, {"ǅ ǆ Ǆ", "ǆ"}, {"\u200dा\u0300", "ा"},
	} {
		f.Add(seed[0], seed[1])
	}
	word := regexp.MustCompile(`[\p{L}\p{N}\p{M}_]+`)
	f.Fuzz(func(t *testing.T, text, search string) {
		words := models.ParseWords(text)
		split := word.FindAllString(text, -1)
		for _, written := range split {
			if !isWordOf(written, maps.Keys(words)) {
				t.Errorf("%q has the word %q, not in %q", text, written, words)
			}
			if !models.ParseWords(written).OccurIn(text) {
				t.Errorf("the word %q does not occur in its text %q", written, text)
			}
		}
		for key, written := range words {
			if !slices.Contains(split, written) || !strings.EqualFold(key, written) {
				t.Errorf("%q has no word %q that folds to %q", text, written, key)
			}
			if again := models.ParseWords(key); len(again) != 1 || again[key] != key {
				t.Errorf("%q folds to %q, and that to %q", written, key, again)
			}
		}
		if !words.OccurIn(text) {
			t.Errorf("the words of %q do not occur in it", text)
		}
		otherCase := strings.Map(unicode.SimpleFold, text)
		if !maps.EqualFunc(words, models.ParseWords(otherCase), strings.EqualFold) {
			t.Errorf("%q has other words than %q", text, otherCase)
		}
		all := true
		for _, written := range word.FindAllString(search, -1) {
			all = all && isWordOf(written, slices.Values(split))
		}
		if got := models.ParseWords(search).OccurIn(text); got != all {
			t.Errorf("the words of %q in %q: %v, want %v", search, text, got, all)
		}
	})
}

// isWordOf returns whether one of the words is the given one, in any case.
func isWordOf(word string, words func(yield func(string) bool)) bool {
	for other := range words {
		if strings.EqualFold(other, word) {
			return true
		}
	}
	return false
}
