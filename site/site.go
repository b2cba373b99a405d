// Package site knows where things are on the site: the address of the site as the world sees it, and the paths of its
// pages. The path of a post is models.Post.PagePath.
package site

import "net/url"

// AuthorPath returns the path of the page of an author.
func AuthorPath(username string) string { return "/authors/" + url.PathEscape(username) }

// TagPath returns the path of the page of a tag.
func TagPath(tag string) string { return "/tags/" + url.PathEscape(tag) }
