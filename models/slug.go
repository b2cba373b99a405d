package models

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSlug is how many characters a slug has at most.
const maxSlug = 60

// PagePath returns the path of the page that shows the post, such as "/p/a-title-66f0c0ffee66f0c0ffee66f0". The id
// decides; the slug is for people.
func (p *Post) PagePath() string { return pagePath(p.ID, p.Title) }

// CommentPath returns the path of a comment on the page of its post. The query makes the page of comments begin there.
func (p *Post) CommentPath(comment ID) string {
	return p.PagePath() + "?comment=" + comment.Hex() + "#comment-" + comment.Hex()
}

func pagePath(id ID, title string) string {
	if slug := Slug(title); slug != "" {
		return "/p/" + slug + "-" + id.Hex()
	}
	return "/p/" + id.Hex()
}

// ParsePageID returns the id in the last segment of a PagePath, whatever the slug is, or ErrInvalidID.
func ParsePageID(segment string) (ID, error) {
	if start := len(segment) - 2*len(ID{}); start > 0 && segment[start-1] == '-' {
		segment = segment[start:]
	}
	return ParseID(segment)
}

// Slug returns the first words of a title in lower-case ASCII letters and digits, with hyphens between them, in at most
// 60 characters. Accents are left out. It is empty if the title has no such letters, as in other scripts than Latin.
// It is stored nowhere, because it changes with the title.
func Slug(title string) string {
	var slug []byte
	for _, r := range decompose(title) {
		switch {
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case isInsideOfWords(r):
			continue
		case len(slug) == 0 || slug[len(slug)-1] == '-':
			continue
		default:
			r = '-'
		}
		slug = append(slug, byte(r))
		if len(slug) > maxSlug {
			break
		}
	}
	return cutSlug(string(slug))
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

// decompose parts letters from their accents, and writes the Latin letters that have no such parts in ASCII.
func decompose(s string) string { return norm.NFKD.String(inASCII.Replace(s)) }

// isInsideOfWords returns whether r is no letter of a slug, but parts no words either: an accent or an apostrophe.
func isInsideOfWords(r rune) bool { return unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' }
