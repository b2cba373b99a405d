package models

import (
	"sync/atomic"
	"time"
)

// IDMaker makes ids as NewID does, with a clock of its own.
type IDMaker struct{ last atomic.Uint64 }

// NewID returns an ID at a time.
func (m *IDMaker) NewID(at time.Time) ID { return newIDAt(at, &m.last) }

// WordsOf returns the words of a text as they are compared.
func WordsOf(text string) (words []string) {
	for w := range wordsOf(text) {
		words = append(words, w.text)
	}
	return words
}
