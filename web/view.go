package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const htmlType = "text/html; charset=utf-8"

// view is what the layout shows around a page.
type view struct {
	Title       string // of the page, without the name of the site
	Description string // for search engines, "" for none
	Path        string // the page's own address without the origin, escaped, "" if it has none to be shared
	NoIndex     bool   // search engines leave the page out
	Feed        string // the query of the feeds, such as "?tag=go"
	Published   time.Time
	Calls       []call // what the page stands for
	Script      string // the path of the page's script, "" for none
	Page        any    // what the template of the page shows

	// The renderer sets the rest.
	User *models.User // who is logged in, nil for a visitor
	// Moderates tells that the user moderates comments.
	Moderates bool
	Origin    string
	Here      string // the address of the page with its query, for the login, "" if it has none to be shared
	Style     string // the path of the style sheet
}

// Canonical returns the address under which search engines keep the page, or "".
func (v *view) Canonical() string {
	if v.Path == "" {
		return ""
	}
	return v.Origin + v.Path
}

// answerBuffer holds a page that is being made. It reserves the memory of the page as it grows.
type answerBuffer struct {
	c    *gin.Context
	page bytes.Buffer
}

// Write implements io.Writer. It returns middleware.ErrTooManyLargeAnswers if too little memory is left.
func (b *answerBuffer) Write(p []byte) (int, error) {
	if err := middleware.ReserveAnswer(b.c, b.page.Len()+len(p)); err != nil {
		return 0, err
	}
	return b.page.Write(p)
}

// render answers with a page. Everything is made before the first byte is sent.
func (p *Pages) render(c *gin.Context, status int, name string, v *view) error {
	v.User, v.Origin, v.Style = middleware.CurrentUser(c), originOf(c), p.style.path()
	if v.Path != "" {
		v.Here = c.Request.URL.RequestURI()
	}
	v.Moderates = v.User != nil && v.User.Role == models.RoleAdmin && !p.NoComments
	if v.Script != "" {
		c.Header("Content-Security-Policy", scriptPolicy)
	}
	buffer := answerBuffer{c: c}
	if err := p.templates[name].Execute(&buffer, v); err != nil {
		return fmt.Errorf("render the page %s: %w", name, err)
	}
	body := bytes.Clone(buffer.page.Bytes()) // without the spare room
	if v.User == nil && status == http.StatusOK && !p.cookie.IsSent(c) {
		c.Header("ETag", middleware.ContentTag(body, ""))
	}
	middleware.SetAnswer(c, status, htmlType, body)
	return nil
}

// redirect sends the browser to a path of this site, which must be escaped.
func redirect(c *gin.Context, status int, location string) error {
	c.Header("Location", location)
	c.Status(status)
	c.Writer.WriteHeaderNow()
	return nil
}

// parseTemplates reads the templates: the layout with each page.
func (p *Pages) parseTemplates() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Funcs(template.FuncMap{
		"postPath":  func(post *models.Post) string { return escapedPath(post.PagePath()) },
		"draftPath": draftPath,
		"tagPath":   urls.TagPath,
		"author":    urls.AuthorPath,
		"day":       func(t time.Time) string { return t.UTC().Format("2 January 2006") },
		"minute":    formatMinute,
		"instant":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"excerpt":   func(content string) string { return p.Markdown.Excerpt(content, excerptLength) },
	}).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	names, err := files.ReadDir("templates/pages")
	if err != nil {
		return nil, err
	}
	templates := map[string]*template.Template{}
	for _, entry := range names {
		page, err := layout.Clone()
		if err == nil {
			_, err = page.ParseFS(files, path.Join("templates/pages", entry.Name()))
		}
		if err != nil {
			return nil, fmt.Errorf("parse a page: %w", err)
		}
		templates[strings.TrimSuffix(entry.Name(), ".html")] = page
	}
	return templates, nil
}

// escapedPath returns a path as it stands in an address.
func escapedPath(path string) string { return (&url.URL{Path: path}).EscapedPath() }
