package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

const (
	pageSize      = 20  // posts
	excerptLength = 280 // characters
	// maxTagLength is how many characters a tag has at most that has a page. Other programs may write longer ones than
	// the rules allow.
	maxTagLength = 100
)

// listPage is what a page with a list of posts shows.
type listPage struct {
	Heading string
	Author  *models.User // whose posts they are, nil for a list of all authors
	Joined  time.Time    // when the author registered
	Search  bool         // whether the page has the field to search
	Query   string       // what was searched for
	Posts   []models.Post
	Older   string // the addresses of the pages beside this one, "" for none
	Newer   string
}

// home shows the newest posts, or those that a search finds.
func (p *Pages) home(c *gin.Context) error {
	text := c.Query("q")
	if n := utf8.RuneCountInString(text); n > models.MaxSearchLength || !utf8.ValidString(text) {
		return httperror.BadRequest(nil, "Search for at most %d characters.", models.MaxSearchLength)
	}
	list := listPage{Heading: "Newest posts", Search: true, Query: text}
	v := &view{Title: urls.Name, Description: "The newest posts of this blog.", Path: "/"}
	query := url.Values{}
	if text != "" {
		list.Heading, v.Title, v.NoIndex = fmt.Sprintf("Posts with “%s”", text), "Search: "+text, true
		query.Set("q", text)
	}
	filter := models.PostFilter{Words: models.ParseWords(text)}
	if text != "" && len(filter.Words) == 0 { // the text has only signs
		return p.renderList(c, v, &list, query)
	}
	return p.list(c, v, &list, filter, query)
}

// tag shows the posts with a tag.
func (p *Pages) tag(c *gin.Context) error {
	tag := c.Param("tag")
	if !utf8.ValidString(tag) || utf8.RuneCountInString(tag) > maxTagLength {
		return errNoPage
	}
	query := url.Values{"tag": {tag}}
	v := &view{
		Title: "Tag: " + tag, Description: fmt.Sprintf("The posts with the tag %s.", tag),
		Path: urls.TagPath(tag), Feed: "?" + query.Encode(),
	}
	list := listPage{Heading: "Posts with the tag " + tag}
	return p.list(c, v, &list, models.PostFilter{Tag: tag}, query)
}

// author shows an author and their posts.
func (p *Pages) author(c *gin.Context) error {
	author, err := models.FindUser(c.Request.Context(), p.Store, c.Param("username"))
	if err != nil {
		return err
	}
	list := listPage{Heading: "Posts by " + author.Username, Author: author}
	if author.Name != "" {
		list.Heading = fmt.Sprintf("Posts by %s (%s)", author.Name, author.Username)
	}
	query := url.Values{"author": {author.Username}}
	v := &view{
		Title: list.Heading, Description: fmt.Sprintf("The posts of %s.", author.Username),
		Path: urls.AuthorPath(author.AsAuthor()), Feed: "?" + query.Encode(),
	}
	return p.list(c, v, &list, models.PostFilter{AuthorID: author.ID}, query)
}

// list shows the page of a filter that the parameters "after" and "before" name. query is the filter as the API has it.
func (p *Pages) list(c *gin.Context, v *view, list *listPage, filter models.PostFilter, query url.Values) (err error) {
	if after := c.Query("after"); after != "" {
		if filter.After, err = models.ParseID(after); err != nil {
			return err
		}
	} else if before := c.Query("before"); before != "" {
		if filter.Before, err = models.ParseID(before); err != nil {
			return err
		}
	}
	filter.Limit = pageSize
	posts, more, err := p.Store.Posts(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if !filter.Before.IsZero() && !more && len(posts) < pageSize { // the first page has these, and more
		return redirect(c, http.StatusSeeOther, address(c.Request.URL.EscapedPath(), searchOnly(query)))
	}
	list.Posts = posts
	if len(posts) > 0 {
		if more || !filter.Before.IsZero() {
			list.Older = neighbour(c, query, "after", posts[len(posts)-1].ID)
		}
		if !filter.After.IsZero() || !filter.Before.IsZero() && more {
			list.Newer = neighbour(c, query, "before", posts[0].ID)
		}
	} else if !filter.After.IsZero() {
		list.Newer = address(c.Request.URL.EscapedPath(), searchOnly(query))
	}
	if !filter.After.IsZero() {
		query.Set("after", filter.After.Hex())
	}
	return p.renderList(c, v, list, query)
}

func (p *Pages) renderList(c *gin.Context, v *view, list *listPage, query url.Values) error {
	origin := originOf(c)
	v.Calls = []call{newCall("These posts", origin, request{path: address("/posts", query)})}
	if list.Author != nil {
		v.Calls = append(v.Calls, newCall("This author", origin, request{path: "/users/" + list.Author.ID.Hex()}))
	}
	v.Page = list
	return p.render(c, http.StatusOK, "list", v)
}

// neighbour returns the address of the page before or after a post.
func neighbour(c *gin.Context, query url.Values, name string, id models.ID) string {
	parameters := searchOnly(query)
	parameters.Set(name, id.Hex())
	return address(c.Request.URL.EscapedPath(), parameters)
}

// searchOnly returns the parameters of the API that the page has in its query too; the others are in its path.
func searchOnly(query url.Values) url.Values {
	parameters := url.Values{}
	if query.Has("q") {
		parameters["q"] = slices.Clone(query["q"])
	}
	return parameters
}

// address returns a path with a query.
func address(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
