// Package urls knows where things are on the site: the address of the site as the world sees it, and the paths of its
// pages, escaped.
package urls

import (
	"net/url"
	"strings"

	"gin-blog/models"
)

// Post returns the path of the page of a post, such as "/p/a-title-66f0c0ffee66f0c0ffee66f0". The id decides; the slug
// is for people, and the title may be "".
func Post(id models.ID, title string) string {
	if slug := slug(title); slug != "" {
		return "/p/" + slug + "-" + id.Hex()
	}
	return "/p/" + id.Hex()
}

// ParsePost returns the id in the last segment of the path of a post, whatever the slug is, or models.ErrInvalidID.
func ParsePost(segment string) (models.ID, error) {
	if start := len(segment) - 2*len(models.ID{}); start > 0 && segment[start-1] == '-' {
		segment = segment[start:]
	}
	return models.ParseID(segment)
}

// Comment returns the address of a comment on the page of its post, whose title may be "". The query makes the page of
// comments begin there.
func Comment(post models.ID, title string, comment models.ID) string {
	return Post(post, title) + "?comment=" + comment.Hex() + "#comment-" + comment.Hex()
}

// CommentForms returns the path that the forms of a comment begin with.
func CommentForms(post, comment models.ID) string {
	return Post(post, "") + "/comments/" + comment.Hex()
}

// Draft returns the path of the editor of a draft.
func Draft(id models.ID) string { return "/account/drafts/" + id.Hex() }

// Author returns the path of the page of an author. Databases of the tutorial have names with signs that a path cannot
// hold; those authors have their id there.
func Author(a *models.Author) string {
	if strings.Contains(a.Username, "/") || strings.Trim(a.Username, ".") == "" {
		return "/authors/" + a.ID.Hex()
	}
	return "/authors/" + url.PathEscape(a.Username)
}

// Tag returns the path of the page of a tag.
func Tag(tag string) string { return "/tags/" + url.PathEscape(tag) }

// WithQuery returns a path with a query.
func WithQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
