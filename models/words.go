package models

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// MaxSearchLength is how many characters a search has at most.
const MaxSearchLength = 100

// Words are what a search looks for. Each must occur as a whole word, in any case. The keys are the words in one
// case, the values the words as they were written.
//
// A word is a run of letters, digits, the marks on them, and "_". All other characters, such as operators, quotes and
// emoji, separate words. Both stores follow this rule. SQLite indexes what FoldWords returns, so a change of the rule
// needs a migration that indexes the posts again.
type Words map[string]string

// ParseWords returns the words of a text.
func ParseWords(text string) Words {
	words := Words{}
	for word := range strings.FieldsFuncSeq(text, isSeparator) {
		words[fold(word)] = word
	}
	return words
}

// FoldWords returns all words of the texts in their order, in one case, with a space between two words.
func FoldWords(texts ...string) string {
	var folded strings.Builder
	for _, text := range texts {
		folded.Grow(len(text) + 1)
		for word := range strings.FieldsFuncSeq(text, isSeparator) {
			if folded.Len() > 0 {
				folded.WriteByte(' ')
			}
			for _, r := range word {
				folded.WriteRune(foldRune(r))
			}
		}
	}
	return folded.String()
}

// Folded returns the words in one case, sorted.
func (w Words) Folded() []string { return slices.Sorted(maps.Keys(w)) }

// AsWritten returns the words as they were written, for a database that has its own rules about case.
func (w Words) AsWritten() []string { return slices.Collect(maps.Values(w)) }

// OccurIn returns whether every word is a word of at least one of the texts.
func (w Words) OccurIn(texts ...string) bool {
	if len(w) == 0 {
		return true
	}
	found := make(map[string]bool, len(w))
	for _, text := range texts {
		for word := range strings.FieldsFuncSeq(text, isSeparator) {
			key := fold(word)
			if _, ok := w[key]; ok {
				found[key] = true
			}
		}
	}
	return len(found) == len(w)
}

// isSeparator returns whether a character is not part of a word.
func isSeparator(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '_'
}

// fold brings a word into one case.
func fold(word string) string { return strings.Map(foldRune, word) }

// foldRune returns the least of the letters that differ only in case, by Unicode's simple case folding, in which σ
// and ς are one letter.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
