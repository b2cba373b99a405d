package models

import (
	"slices"
	"strings"
	"unicode"
)

// Words are what a search looks for: each must occur, as a whole word, without regard to case.
type Words []string

// ParseWords takes the words out of a text: runs of letters, digits and the marks on them. All else, operators and quotes
// too, only separates.
func ParseWords(text string) Words {
	return Words(slices.Compact(slices.Sorted(slices.Values(splitWords(text)))))
}

// OccurIn tells whether every word is a word of one of the texts.
func (w Words) OccurIn(texts ...string) bool {
	missing := len(w)
	found := make(map[string]bool, len(w))
	for _, text := range texts {
		for _, word := range splitWords(text) {
			if _, ok := slices.BinarySearch(w, word); ok && !found[word] {
				found[word] = true
				missing--
			}
		}
	}
	return missing == 0
}

func splitWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}
