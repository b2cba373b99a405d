package models

import (
	"strings"
	"unicode"
)

// Words are what a search looks for: each must occur, as a whole word, without regard to case. The keys are the
// words without their case, the values as they were written.
type Words map[string]string

// ParseWords takes the words out of a text: runs of letters, digits and the marks on them. All else, operators and
// quotes too, only separates.
func ParseWords(text string) Words {
	words := Words{}
	for _, word := range splitWords(text) {
		words[fold(word)] = word
	}
	return words
}

// AsWritten returns the words in the case they were written in, for a database that has rules of its own about case.
func (w Words) AsWritten() []string {
	words := make([]string, 0, len(w))
	for _, word := range w {
		words = append(words, word)
	}
	return words
}

// OccurIn tells whether every word is a word of one of the texts.
func (w Words) OccurIn(texts ...string) bool {
	if len(w) == 0 {
		return true
	}
	found := make(map[string]bool, len(w))
	for _, text := range texts {
		for _, word := range splitWords(text) {
			if _, ok := w[fold(word)]; ok {
				found[fold(word)] = true
			}
		}
	}
	return len(found) == len(w)
}

func splitWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

// fold takes the case out of a word by Unicode's simple folding, which knows σ and ς as one letter.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, word)
}
