package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"gin-blog/internal/answer"
	"gin-blog/internal/site"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const htmlType = "text/html; charset=utf-8"

// view is what the layout shows around a page.
type view struct {
	template    string // a file in templates/pages, without its extension
	Title       string // of the page, without the name of the site
	Description string // for search engines, "" for none
	Path        string // the page's own address without the origin, escaped, "" if it has none to be shared
	IsHome      bool   // the first page of all posts
	NoIndex     bool   // search engines leave the page out
	Query       string // what was searched for: the page has a form of its own for another search
	Feed        string // the query of the feeds, such as "?tag=go"
	Published   time.Time
	Image       string // the address of a picture for links to the page, "" for none
	Calls       []call // what the page stands for
	Script      string // the file of the page's script, "" for none
	Form        *form  // the form of the page, nil for none
	Page        any    // what else the template of the page shows

	// The renderer sets the rest.
	User *models.User // who is logged in, nil for a visitor
	// Moderates tells that the user is an admin.
	Moderates bool
	// Sole is the author of all posts, nil if there are several, or if the page has no address to be shared.
	Sole   *models.User
	Origin string
	Site   *site.Site
	Done   string // what was just done, unless the page has said it
	Here   string // the address of the page with its query, for the login, "" if it has none to be shared
}

// notices say what was just done, by the page that is shown then and its parameter "done".
var notices = map[string]string{
	"/account?done=profile":          "Your profile is saved.",
	"/account?done=password":         "Your password is changed. All your other sessions have ended.",
	"/account/drafts?done=deleted":   "The draft is deleted.",
	"/account/drafts/:id?done=saved": "Your draft is saved.",
	"/account/sessions?done=ended":   "The session has ended.",
	"/account/tokens?done=ended":     "The token has ended.",
	"/moderation?done=deleted":       "The selected comments are deleted.",
	"/moderation?done=none":          "No comment is selected. Select at least one first.",
	"/moderation/users?done=deleted": "The account is deleted.",

	"/moderation/users/:id?done=suspend":   "The user is suspended.",
	"/moderation/users/:id?done=unsuspend": "The user may log in again.",
	"/moderation/invitations?done=made":    "The invitation is ready: send its link to somebody.",
	"/moderation/invitations?done=back":    "The invitation no longer works.",

	"/login?done=ended": "The session has ended.",
	"/login?done=all":   "All your sessions have ended.",
	"/login?done=reset": "Your new password is set. Log in with it.",
}

// answerBuffer holds a page that is being made. It reserves the memory of the page as it grows.
type answerBuffer struct {
	c    *gin.Context
	page bytes.Buffer
}

// Write implements io.Writer. It returns answer.ErrTooManyLarge if too little memory is left.
func (b *answerBuffer) Write(p []byte) (int, error) {
	if err := answer.Reserve(b.c, b.page.Len()+len(p)); err != nil {
		return 0, err
	}
	return b.page.Write(p)
}

// render answers with a page. Everything is made before the first byte is sent.
func (p *Pages) render(c *gin.Context, status int, v *view) error {
	v.User, v.Origin, v.Site = middleware.CurrentUser(c), middleware.OriginOf(c), p.Site
	v.Done = cmp.Or(v.Done, notices[c.FullPath()+"?done="+c.Query("done")])
	if v.Path != "" {
		v.Here = c.Request.URL.RequestURI()
		var err error
		if v.Sole, err = p.Blog.Store.SoleAuthor(c.Request.Context()); err != nil && !errors.Is(err, models.ErrUserNotFound) {
			return err
		}
	}
	v.Moderates = v.User != nil && v.User.Role == models.RoleAdmin
	allowed := policy
	if v.Script != "" {
		allowed = scriptPolicy
	}
	c.Header("Content-Security-Policy", allowed) // the page of an error may follow one with a script
	buffer := answerBuffer{c: c}
	if err := p.templates[v.template].Execute(&buffer, v); err != nil {
		return fmt.Errorf("render the page %s: %w", v.template, err)
	}
	body := bytes.Clone(buffer.page.Bytes()) // without the spare room
	if v.User == nil && status == http.StatusOK && !p.cookie.IsSent(c) {
		c.Header("ETag", answer.Tag(body, ""))
	}
	answer.Set(c, status, htmlType, body)
	return nil
}

// redirect sends the browser to a path of this site, which must be escaped.
func redirect(c *gin.Context, status int, location string) error {
	c.Header("Location", location)
	c.Status(status)
	c.Writer.WriteHeaderNow()
	return nil
}

// languagesOf returns the attributes of what is in English, and of what people have written, and the form of a reading
// time. On a site in English, they need not name the language.
func languagesOf(site language.Tag) (english, own template.HTMLAttr, minutes string) {
	if base, _ := site.Base(); base.String() == "en" {
		return "", ` dir="auto"`, "%d\u00a0min read"
	}
	own = template.HTMLAttr(fmt.Sprintf(` lang="%s" dir="auto"`, site))
	return ` lang="en" dir="ltr"`, own, "%d\u00a0min"
}

// parseTemplates reads the templates: the layout with each page.
func (p *Pages) parseTemplates() error {
	english, own, minutes := languagesOf(p.Site.Language)
	functions := template.FuncMap{
		"postPath":          urls.Post,
		"draftPath":         urls.Draft,
		"tagPath":           urls.Tag,
		"author":            urls.Author,
		"asset":             func(file string) string { return p.assetPaths[file] },
		"day":               p.Site.Day,
		"minute":            p.Site.Minute,
		"english":           func() template.HTMLAttr { return english },
		"own":               func() template.HTMLAttr { return own },
		"minutes":           func(n int) string { return fmt.Sprintf(minutes, n) },
		"program":           programOf,
		"comments":          countComments,
		"hasComments":       func() bool { return !p.NoComments },
		"instant":           func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"maxComment":        func() int { return models.MaxComment },
		"passwordMinLength": func() int { return p.Blog.PasswordMinLength },
		"excerpt":           func(content string) string { return p.Markdown.Excerpt(content, excerptLength) },
	}
	pages, err := fs.Glob(files, "templates/pages/*.html")
	if err != nil {
		return fmt.Errorf("list the templates: %w", err)
	}
	p.templates = map[string]*template.Template{}
	for _, page := range pages {
		t, err := template.New("layout.html").Funcs(functions).ParseFS(files, "templates/*.html", page)
		if err != nil {
			return fmt.Errorf("parse the template %s: %w", page, err)
		}
		p.templates[strings.TrimSuffix(path.Base(page), ".html")] = t
	}
	return nil
}
