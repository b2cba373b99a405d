package urls

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSlug is how many characters a slug has at most.
const maxSlug = 60

// slug returns the first words of a title in lower-case ASCII letters and digits, with hyphens between them, in at most
// 60 characters. Accents are left out. It is empty if the title has no such letters, as in other scripts than Latin.
// It is stored nowhere, because it changes with the title.
func slug(title string) string {
	var letters []byte
	for _, r := range norm.NFKD.String(inASCII.Replace(title)) { // parts letters from their accents
		switch {
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case isInsideOfWords(r), len(letters) == 0, letters[len(letters)-1] == '-':
			continue
		default:
			r = '-'
		}
		letters = append(letters, byte(r))
		if len(letters) > maxSlug {
			break
		}
	}
	return cutSlug(string(letters))
}

// cutSlug shortens a slug to maxSlug characters, after a whole word if that leaves at least half of it.
func cutSlug(slug string) string {
	if len(slug) <= maxSlug {
		return strings.Trim(slug, "-")
	}
	if end := strings.LastIndexByte(slug[:maxSlug+1], '-'); end >= maxSlug/2 {
		return slug[:end]
	}
	return strings.Trim(slug[:maxSlug], "-")
}

// inASCII writes the Latin letters that have no parts.
var inASCII = strings.NewReplacer("ß", "ss", "æ", "ae", "Æ", "ae", "œ", "oe", "Œ", "oe", "ø", "o", "Ø", "o",
	"đ", "d", "Đ", "d", "ł", "l", "Ł", "l", "þ", "th", "Þ", "th", "ð", "d", "Ð", "d", "ı", "i")

// isInsideOfWords returns whether r is no letter of a slug, but parts no words either: an accent or an apostrophe.
func isInsideOfWords(r rune) bool { return unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' }
