package models

import (
	"strings"
	"unicode"
)

// Words are what a search looks for. Each must occur as a whole word, in any case. The keys are the words in one
// case, the values the words as they were written.
type Words map[string]string

// ParseWords returns the words of a text: runs of letters, digits and the marks on them. Everything else, such as
// operators and quotes, separates words.
func ParseWords(text string) Words {
	words := Words{}
	for _, word := range splitWords(text) {
		words[fold(word)] = word
	}
	return words
}

// AsWritten returns the words as they were written, for a database that has its own rules about case.
func (w Words) AsWritten() []string {
	words := make([]string, 0, len(w))
	for _, word := range w {
		words = append(words, word)
	}
	return words
}

// OccurIn returns whether every word is a word of at least one of the texts.
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

// fold brings a word into one case by Unicode's simple case folding, in which σ and ς are one letter.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, word)
}
