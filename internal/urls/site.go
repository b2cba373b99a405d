// Package urls knows where things are on the site: the address of the site as the world sees it, and the paths of its
// pages. The path of a post is models.Post.PagePath.
package urls

import (
	"net/url"
	"strings"

	"gin-blog/models"
)

// Name is the name of the site, for titles.
const Name = "gin-blog"

// AuthorPath returns the path of the page of an author. Databases of the tutorial have names with signs that a path
// cannot hold; those authors have their id there.
func AuthorPath(a *models.Author) string {
	if strings.Contains(a.Username, "/") || strings.Trim(a.Username, ".") == "" {
		return "/authors/" + a.ID.Hex()
	}
	return "/authors/" + url.PathEscape(a.Username)
}

// TagPath returns the path of the page of a tag.
func TagPath(tag string) string { return "/tags/" + url.PathEscape(tag) }
