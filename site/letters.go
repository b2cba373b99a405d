package site

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// decompose parts letters from their accents, and writes the Latin letters that have no such parts in ASCII.
func decompose(s string) string {
	s = strings.NewReplacer("ß", "ss", "æ", "ae", "Æ", "ae", "œ", "oe", "Œ", "oe", "ø", "o", "Ø", "o",
		"đ", "d", "Đ", "d", "ł", "l", "Ł", "l", "þ", "th", "Þ", "th", "ð", "d", "Ð", "d", "ı", "i").Replace(s)
	return norm.NFKD.String(s)
}

// isInsideOfWords returns whether r is no letter of a slug, but parts no words either: an accent or an apostrophe.
func isInsideOfWords(r rune) bool { return unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' }
