package models

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

const (
	// MaxSearchLength is how many characters a search has at most.
	MaxSearchLength = 100
	// maxWord is how many bytes a word has at most. A longer one is none: no search can have it.
	maxWord = 1 << 10
	// maxIndexed is how many bytes of a text have words: more than a content may have here, less than one that another
	// program stored. maxTerms is how many terms a post has. Those of a novel fit, those of noise would keep the database
	// busy for seconds. What comes after is not found.
	maxIndexed, maxTerms = 1 << 20, 40_000
)

// A word is a run of letters and digits of one script, the marks that follow them, and "_". Everything else ends it:
// spaces, signs, emoji, another script. Words are compared in their compatibility forms (NFKC), without regard to case
// (full case folding), without the accents of Latin, Greek and Cyrillic letters, and without invisible characters.
//
// Some scripts have no spaces between words. A text in them is found by any part of it. Both stores keep an index of
// terms: whole words, and the single characters and pairs of those scripts. A change of these rules changes
// SearchTerms, so it needs a migration that derives the terms again.

// word is a word as it is compared.
type word struct {
	text     string
	unspaced bool // the script has no spaces, so the word may be a part of a longer one
}

// Words is a text that has words, all of which a search looks for, or nil.
type Words []byte

// ParseWords returns the words of a text.
func ParseWords(text string) Words {
	for range wordsOf(text) {
		return Words(text)
	}
	return nil
}

// OccurIn returns whether every word occurs in at least one of the texts.
func (w Words) OccurIn(texts ...string) bool {
	missing, seen := []word{}, map[word]bool{}
	for word := range wordsOf(string(w)) {
		if !seen[word] {
			missing, seen[word] = append(missing, word), true
		}
	}
	look := func(text string) (done bool) {
		for found := range wordsOf(text) {
			if len(missing) == 0 {
				break
			}
			missing = slices.DeleteFunc(missing, func(m word) bool {
				return m == found || m.unspaced && strings.Contains(found.text, m.text)
			})
		}
		return len(missing) == 0
	}
	endsWord := classes().endsWord
	for _, text := range texts {
		text = indexed(text)
		budget := len(text)                       // all of it is looked at once more in the end
		for _, m := range slices.Clone(missing) { // most are there as they are compared, which takes less time to find
			if at := strings.Index(text, m.text); at >= 0 && m.unspaced && slices.Contains(missing, m) {
				begin, rest := max(0, strings.LastIndexFunc(text[:at], endsWord)), text[at:]
				if end := strings.IndexFunc(rest, endsWord); end >= 0 {
					rest = rest[:end]
				}
				if budget -= at - begin + len(rest); budget < 0 {
					break
				}
				look(text[begin:at] + rest)
			}
		}
	}
	return len(missing) == 0 || slices.ContainsFunc(texts, look)
}

// String returns the words as they are compared, with spaces between them.
func (w Words) String() string {
	var words []string
	for word := range wordsOf(string(w)) {
		words = append(words, word.text)
	}
	return strings.Join(words, " ")
}

// Terms returns the terms, sorted, that every post has in which the words occur.
func (w Words) Terms() []string {
	terms := termSet{}
	for word := range wordsOf(string(w)) {
		terms.addWord(word)
	}
	return slices.Sorted(maps.Keys(terms))
}

// AreTerms returns whether the words occur in every post that has their terms. If not, OccurIn has to tell: the pairs
// of a word may stand apart.
func (w Words) AreTerms() bool {
	for word := range wordsOf(string(w)) {
		if word.unspaced && utf8.RuneCountInString(word.text) > 2 {
			return false
		}
	}
	return true
}

// SearchTerms returns the terms of texts, sorted, by which a store finds them.
func SearchTerms(texts ...string) []string {
	terms := termSet{}
	for _, text := range texts {
		for word := range wordsOf(text) {
			terms.addWord(word)
			if word.unspaced {
				for _, r := range word.text {
					terms.add(string(r))
				}
			}
			if len(terms) == maxTerms {
				break
			}
		}
	}
	return slices.Sorted(maps.Keys(terms))
}

// termSet is a set of terms, as long as there are not too many.
type termSet map[string]bool

func (t termSet) add(term string) {
	if len(t) < maxTerms {
		t[term] = true
	}
}

// addWord adds the terms by which a word is found: the word, or the pairs of characters of one that may be a part.
func (t termSet) addWord(w word) {
	before := 0 // where the character before begins
	for i, r := range w.text {
		if w.unspaced && i > 0 {
			t.add(w.text[before : i+utf8.RuneLen(r)])
		}
		before = i
	}
	if !w.unspaced || before == 0 {
		t.add(w.text)
	}
}

// indexed returns the part of a text that has words.
func indexed(text string) string { return text[:min(len(text), maxIndexed)] }

// wordsOf yields the words of a text in their order.
func wordsOf(text string) iter.Seq[word] {
	return func(yield func(word) bool) {
		text := indexed(text)
		classes, fold := classes(), cases.Fold()
		for run := range strings.FieldsFuncSeq(text, classes.endsWord) {
			isASCII := !strings.ContainsFunc(run, func(r rune) bool { return r >= utf8.RuneSelf })
			if isASCII && !yieldWord(strings.ToLower(run), 0, yield) ||
				!isASCII && !splitByScript(classes, fold.String(plain(classes, run)), yield) {
				return
			}
		}
	}
}

// yieldWord yields a word of a class, unless no search can have it. It returns false if yield did.
func yieldWord(text string, of class, yield func(word) bool) bool {
	isUnspaced := of&unspaced != 0
	return text == "" || !isUnspaced && len(text) > maxWord || yield(word{text, isUnspaced})
}

// plain returns a text in compatibility forms, decomposed, in lower case and without what does not count. It needs
// folding still, which would exchange the cases of Cherokee if they were not one.
func plain(classes classTable, text string) string {
	var plain strings.Builder
	keepsMarks := false
	add := func(r rune) {
		switch c := classes[r]; {
		case c&invisible != 0, c&mark != 0 && !keepsMarks, r == iotaSubscript:
			return
		case c&mark == 0:
			keepsMarks = c&marksCount != 0
		}
		plain.WriteRune(unicode.ToLower(r))
	}
	for i, r := range text {
		parts := norm.NFKD.PropertiesString(text[i:]).Decomposition()
		if parts == nil {
			add(r)
		}
		for _, r := range string(parts) {
			add(r)
		}
	}
	return plain.String()
}

// splitByScript yields the words of a text that plain made and that is folded. It returns false if yield did.
func splitByScript(classes classTable, text string, yield func(word) bool) bool {
	const kind = script | unspaced
	text = norm.NFKC.String(text)
	begin, of := 0, class(0) // of the present word
	for i, r := range text {
		c := classes[r]
		if c&mark != 0 || r == longSound && of == classes['あ']&kind {
			c = c&^kind | of
		}
		now := c & kind
		joins := c&(base|mark) != 0 && (now == of || (now == 0 || of == 0) && (now|of)&unspaced == 0)
		if begin < i && joins {
			of |= now
			continue
		}
		if !yieldWord(text[begin:i], of, yield) {
			return false
		}
		if begin, of = i, now; c&base == 0 { // belongs to no word
			begin, of = i+utf8.RuneLen(r), 0
		}
	}
	return yieldWord(text[begin:], of, yield)
}

// class is what the rules say of a character.
type class uint16

const (
	script     class = 1<<8 - 1        // the bits of its number, which is 0 for what several scripts have, such as digits
	base       class = 1 << (7 + iota) // it is a letter, a digit or "_"
	mark                               // it belongs to the character before
	invisible                          // it has no form of its own, and does not turn the direction of writing
	marksCount                         // its marks are no accents
	unspaced                           // its script has no spaces between words
)

const (
	iotaSubscript = '\u0345' // the one mark that case folding makes a letter
	longSound     = 'ー'      // lengthens a vowel in both scripts of Kana
)

// classTable has the class of each character.
type classTable []class

// endsWord returns whether a character is no part of a word.
func (c classTable) endsWord(r rune) bool { return c[r]&(base|mark|invisible) == 0 }

// classes returns the table of classes.
var classes = sync.OnceValue(func() classTable {
	all := make(classTable, unicode.MaxRune+1)
	change := func(set, clear class, tables ...*unicode.RangeTable) {
		for _, table := range tables {
			rangetable.Visit(table, func(r rune) { all[r] = all[r]&^clear | set })
		}
	}
	change(base, 0, unicode.L, unicode.N, rangetable.New('_'))
	change(mark, 0, unicode.M)
	change(invisible, 0, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	change(marksCount, 0, unicode.L)
	change(0, marksCount, unicode.Latin, unicode.Greek, unicode.Cyrillic)
	number := class(0)
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" {
			number++
			change(number, 0, table)
		}
	}
	change(unspaced, 0, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar)
	all[longSound] |= all['ア']
	for r := range all {
		if turnsWriting(rune(r)) {
			all[r] = 0
		}
	}
	return all
})
