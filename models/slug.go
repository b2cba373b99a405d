package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSlug is how many bytes a slug has at most.
const maxSlug = 60

// PagePath returns the path of the page that shows the post, not escaped. The id decides; the slug is for people.
func (p *Post) PagePath() string {
	if slug := Slug(p.Title); slug != "" {
		return "/p/" + slug + "-" + p.ID.Hex()
	}
	return "/p/" + p.ID.Hex()
}

// Slug returns the first words of a title in lower case, with hyphens between them, in at most 60 bytes. It is empty if
// the title has no words. It is stored nowhere, because it changes with the title.
func Slug(title string) string {
	var slug strings.Builder
	for word := range strings.FieldsFuncSeq(title, isSlugSeparator) {
		word = strings.ToLower(word)
		hyphen := min(slug.Len(), 1)
		room := maxSlug - slug.Len() - hyphen
		if len(word) > room && hyphen == 1 {
			break
		}
		if hyphen == 1 {
			slug.WriteByte('-')
		}
		slug.WriteString(firstBytes(word, room))
	}
	return slug.String()
}

func isSlugSeparator(r rune) bool { return r == utf8.RuneError || r == '_' || isSeparator(r) }

// firstBytes returns the characters of s that fit into n bytes, with the marks that belong to them.
func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 {
		r, _ := utf8.DecodeRuneInString(s[cut:])
		if utf8.RuneStart(s[cut]) && !unicode.IsMark(r) {
			break
		}
		cut--
	}
	return s[:cut]
}
