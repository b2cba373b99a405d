package web

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

const (
	pageSize      = 20  // posts, drafts or comments
	excerptLength = 280 // characters
	// maxTagLength is how many characters a tag has at most that has a page. Other programs may write longer ones than
	// the rules allow.
	maxTagLength = 100
)

// listPage is what a page with a list of posts shows.
type listPage struct {
	Heading string
	Author  *models.User // whose posts they are, nil for a list of all authors
	Bio     template.HTML
	Words   string // the words of it, unless they are what was typed
	Posts   []models.Post
	Pager   pager
}

// home shows the newest posts, or those that a search finds.
func (p *Pages) home(c *gin.Context) error {
	text := strings.TrimSpace(c.Query("q"))
	if n := utf8.RuneCountInString(text); n > models.MaxSearchLength || !utf8.ValidString(text) {
		return models.Refuse(models.Invalid, nil, "Search for at most %d characters.", models.MaxSearchLength)
	}
	list := listPage{Heading: "Older posts"}
	v := &view{
		Title: p.Site.Title, Description: cmp.Or(p.Site.Description, "The newest posts of this blog."), Path: "/",
		Query: text, IsHome: c.Request.URL.RawQuery == "",
	}
	query, words := url.Values{}, models.ParseWords(text)
	if compared := words.String(); compared != strings.ToLower(text) {
		list.Words = compared
	}
	if text != "" {
		list.Heading, v.Title, v.NoIndex = fmt.Sprintf("Results for “%s”", text), "Search: "+text, true
		query.Set("q", text)
	}
	return p.list(c, v, &list, models.PostFilter{Words: words}, query)
}

// tag shows the posts with a tag.
func (p *Pages) tag(c *gin.Context) error {
	named := c.Param("tag")
	if !utf8.ValidString(named) || utf8.RuneCountInString(named) > maxTagLength {
		return errNoPage
	}
	tag, err := p.Blog.FindTag(c.Request.Context(), named)
	if err != nil {
		return err
	}
	query := url.Values{"tag": {tag}}
	v := &view{
		Title: "Tag: " + tag, Description: fmt.Sprintf("Posts tagged %s.", tag),
		Path: urls.Tag(tag), Feed: "?" + query.Encode(),
	}
	list := listPage{Heading: fmt.Sprintf("Posts tagged “%s”", tag)}
	return p.list(c, v, &list, models.PostFilter{Tag: tag}, query)
}

// author shows an author and their posts.
func (p *Pages) author(c *gin.Context) error {
	author, err := models.FindUser(c.Request.Context(), p.Blog.Store, c.Param("username"))
	if err != nil {
		return err
	}
	bio, err := p.bio(c.Request.Context(), author)
	if err != nil {
		return err
	}
	list := listPage{Heading: author.AsAuthor().Shown(), Author: author, Bio: bio}
	query := url.Values{"author": {author.Username}}
	v := &view{
		Title: list.Heading, Description: fmt.Sprintf("Posts by %s.", list.Heading),
		Path: urls.Author(author.AsAuthor()), Feed: "?" + query.Encode(),
	}
	return p.list(c, v, &list, models.PostFilter{AuthorID: author.ID}, query)
}

// bio renders what a user says about themselves, for a page that may have other texts too.
func (p *Pages) bio(ctx context.Context, user *models.User) (template.HTML, error) {
	bio, err := p.Markdown.Render(ctx, user.Bio, markdown.Options{Follow: true})
	return markdown.Among(bio.HTML, user.ID, ""), err
}

// list shows the posts of a filter that the parameters "after" and "before" select. query is the filter as the API
// has it.
func (p *Pages) list(c *gin.Context, v *view, list *listPage, filter models.PostFilter, query url.Values) error {
	w, err := windowOf(c)
	if err != nil {
		return err
	}
	filter.After, filter.Before, filter.Limit = w.after, w.before, pageSize
	more := false
	if v.Query == "" || len(filter.Words) > 0 { // a text of signs alone finds nothing
		if list.Posts, more, err = p.Blog.Store.Posts(c.Request.Context(), filter); err != nil {
			return err
		}
	}
	path, search := c.Request.URL.EscapedPath(), url.Values{} // the other parameters of the API are in the path
	if v.Query != "" {
		search.Set("q", v.Query)
	}
	if !w.before.IsZero() && !more && len(list.Posts) < pageSize { // the first page has these, and more
		return redirect(c, http.StatusSeeOther, urls.WithQuery(path, search))
	}
	list.Pager = pagerOf(w, list.Posts, more, path, search)
	if !w.after.IsZero() {
		query.Set("after", w.after.Hex())
	}
	v.Calls = []call{{Does: "These posts", Request: "GET " + urls.WithQuery("/posts", query), Public: true}}
	if list.Author != nil {
		v.Calls = append(v.Calls, call{Does: "This author", Request: "GET /users/" + list.Author.ID.Hex(), Public: true})
	}
	v.template, v.Page = "list", list
	return p.render(c, http.StatusOK, v)
}
