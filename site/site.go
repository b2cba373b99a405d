// Package site knows where things are on the site: the paths of the pages, and the address of the site as the world
// sees it. The API, the feeds and the pages link with it.
package site

import (
	"net/url"
	"strings"

	"gin-blog/models"
)

// idLength is how many hex digits an id has.
const idLength = 24

// PostPath returns the path of a post's page: "/p/a-title-66f0c0ffee66f0c0ffee66f0". Only the id counts: the rest may
// change with the title.
func PostPath(id models.ID, title string) string {
	if slug := Slug(title); slug != "" {
		return "/p/" + slug + "-" + id.Hex()
	}
	return "/p/" + id.Hex()
}

// PostID returns the id in the last segment of a path that PostPath has made, whatever title it was made for. It
// returns models.ErrInvalidID if there is none.
func PostID(segment string) (models.ID, error) {
	if start := len(segment) - idLength; start > 0 && segment[start-1] == '-' {
		segment = segment[start:]
	}
	return models.ParseID(segment)
}

// AuthorPath returns the path of the page of an author.
func AuthorPath(username string) string { return "/authors/" + url.PathEscape(username) }

// TagPath returns the path of the page of a tag.
func TagPath(tag string) string { return "/tags/" + url.PathEscape(tag) }

// maxSlug is how many characters a slug has at most.
const maxSlug = 60

// Slug returns the words of a title in lower-case ASCII letters and digits, with hyphens between them, at most 60
// characters. Accents are left out. A title in another script than Latin may have no slug: then it is "".
func Slug(title string) string {
	var b strings.Builder
	for _, r := range decompose(title) {
		switch {
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case isInsideOfWords(r):
			continue
		default:
			r = '-'
		}
		if r == '-' && (b.Len() == 0 || strings.HasSuffix(b.String(), "-")) {
			continue
		}
		b.WriteRune(r)
		if b.Len() > maxSlug {
			break
		}
	}
	return cutSlug(b.String())
}

// cutSlug shortens a slug to maxSlug characters, after a whole word if that leaves at least half of it.
func cutSlug(slug string) string {
	if len(slug) > maxSlug {
		cut := slug[:maxSlug]
		if end := strings.LastIndexByte(slug[:maxSlug+1], '-'); end >= maxSlug/2 {
			cut = slug[:end]
		}
		slug = cut
	}
	return strings.Trim(slug, "-")
}
