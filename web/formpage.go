package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/markdown"
	"gin-blog/middleware"
	"gin-blog/models"
)

// formPage is a page with a form, and what happens to what is sent with it. Every page describes its own.
type formPage struct {
	*view
	// Preview is the post as it would be, nil for none, and Missing what its author may expect there in vain.
	Preview *article
	Missing []string
	// Theirs is what is stored, in the form of a post, if somebody else saved it meanwhile.
	Theirs  *models.Post
	Present string // where the stored state is shown, "" for a new post or comment

	forVisitors bool // no login is needed
	// find returns what is stored, in the form of a post, if the current user may change it, and what the form shows then:
	// the field "version" is its state. nil: there is nothing yet.
	find func() (*models.Post, map[string]string, error)
	// preview returns the post as it would be with what was typed. find was called. nil: there is no preview.
	preview func() (*models.Post, error)
	// save does what the form is for, and returns where to go then: "" for this page.
	save func() (location string, err error)
	// gone answers if what was to be changed is not there any more. nil: nothing was typed that could be lost.
	gone func() error
	// autosave answers the script of the page. nil: it has none.
	autosave func() error
}

// describer describes the page of a request.
type describer func(*gin.Context) (*formPage, error)

// A post has a table of contents if it takes some minutes to read, and has some headings.
const minMinutes, minHeadings = 4, 3

// article is a post with its rendered content.
type article struct {
	Post *models.Post
	markdown.Rendered
	Contents []markdown.Heading // nil for a short post
}

// article renders a post.
func (p *Pages) article(ctx context.Context, post *models.Post) (a article, err error) {
	a.Post = post
	a.Rendered, err = p.Markdown.Render(ctx, post.Content, markdown.Options{Follow: true, Anchors: true})
	if post.ReadingMinutes() >= minMinutes && len(a.Outline) >= minHeadings {
		a.Contents = a.Outline
	}
	return a, err
}

// Autosaves returns whether a script saves what is typed, without a click.
func (e *formPage) Autosaves() bool { return e.autosave != nil }

// newFormPage returns a page with a template, which still lacks what its form does.
func newFormPage(template, title string, f *form, calls ...call) *formPage {
	e := &formPage{view: &view{template: template, Title: title, NoIndex: true, Form: f, Calls: calls}}
	e.Page = e
	return e
}

var errSavedMeanwhile = models.NewError(models.Changed,
	"Nothing was saved: this has changed in the meantime. Both texts are below. "+
		"Save again to replace the current one with yours.")

// showTheirs shows what was saved meanwhile above the form, and says so. It does that again when the form is sent for
// its preview, or with a mistake. Nothing is saved by itself then: the user has to decide.
func (e *formPage) showTheirs(theirs *models.Post) {
	e.Theirs, e.Form.Alert = theirs, errSavedMeanwhile.Error()
	e.Form.show(map[string]string{"conflict": "1"})
}

// callOf returns a write of the current user, in any state of what is there.
func callOf(c *gin.Context) blog.Call { return blog.Call{User: middleware.CurrentUser(c)} }

// callIn returns a write of the current user that is wanted only in the state that a form was made from. In another
// state it is refused with err, unless it changes nothing.
func callIn(c *gin.Context, version string, err error) blog.Call {
	call := callOf(c)
	call.If = func(s blog.State) error {
		if s.Unchanged || s.Version() == version {
			return nil
		}
		return err
	}
	return call
}

// opens shows a page with what is stored.
func (p *Pages) opens(describe describer) middleware.Handler {
	return func(c *gin.Context) error {
		e, err := describe(c)
		if err != nil {
			return err
		}
		if middleware.CurrentUser(c) == nil && !e.forVisitors {
			return askToLogIn(c)
		}
		if e.find != nil {
			_, shown, err := e.find()
			if errors.Is(err, models.ErrDraftNotFound) {
				return p.showPublished(c, err)
			}
			if err != nil {
				return err
			}
			e.Form.show(shown)
		}
		return p.render(c, http.StatusOK, e.view)
	}
}

// saves does what a form is for, or shows what would come of it. What was typed comes back after a mistake, an expired
// session, or a change that crossed it.
func (p *Pages) saves(describe describer) middleware.Handler {
	return func(c *gin.Context) error {
		e, err := describe(c)
		if err != nil {
			return err
		}
		if err := e.Form.read(c); err != nil {
			return err
		}
		do := e.Form.Value("do")
		switch {
		case do == "autosave" && e.autosave != nil:
			return e.autosave()
		case middleware.CurrentUser(c) == nil && !e.forVisitors:
			return p.logInWithText(c, e.Form, describe)
		}
		if e.find != nil {
			stored, _, err := e.find()
			if err != nil && e.gone == nil {
				return err
			}
			if err != nil {
				return p.refuseSave(c, e, err)
			}
			if e.Form.Value("conflict") != "" {
				e.showTheirs(stored)
			}
		}
		if do == "preview" && e.preview != nil {
			return p.preview(c, e)
		}
		location, err := e.save()
		if err != nil {
			return p.refuseSave(c, e, err)
		}
		if location == "" {
			return p.render(c, http.StatusOK, e.view)
		}
		return redirect(c, http.StatusSeeOther, location)
	}
}

// refuseSave shows what was typed again, in a form that can be sent.
func (p *Pages) refuseSave(c *gin.Context, e *formPage, err error) error {
	switch {
	case errors.Is(err, models.ErrKeyReused):
		e.Form.newKeys()
	case errors.Is(err, errSavedMeanwhile): // to save then replaces the present state
		theirs, shown, err := e.find()
		if err != nil {
			return p.refuse(c, err, e.view)
		}
		e.Form.show(map[string]string{"version": shown["version"]})
		e.showTheirs(theirs)
	case e.gone != nil && models.KindOf(err) == models.NotFound:
		return e.gone()
	}
	return p.refuse(c, err, e.view)
}

// writeAgain shows what was typed on another page, because it cannot be saved where it belongs.
func (p *Pages) writeAgain(c *gin.Context, describe describer, f *form, reason error) error {
	e, err := describe(c)
	if err != nil {
		return err
	}
	e.Form.show(f.values)
	e.Form.Typed = true
	return p.refuse(c, reason, e.view)
}

// preview shows the page with the post as it would be above the form.
func (p *Pages) preview(c *gin.Context, e *formPage) error {
	post, err := e.preview()
	if err != nil {
		return p.refuse(c, err, e.view)
	}
	preview, err := p.article(c.Request.Context(), post)
	if err != nil {
		return p.refuse(c, err, e.view)
	}
	if e.Missing, err = p.Markdown.Missing(c.Request.Context(), post.Content); err != nil {
		return p.refuse(c, err, e.view)
	}
	e.Preview = &preview
	return p.render(c, http.StatusOK, e.view)
}

// previewOf returns a new post of the current user with a text.
func (p *Pages) previewOf(c *gin.Context, text models.Text) *models.Post {
	now := p.Blog.Now()
	return &models.Post{Text: text, Author: middleware.CurrentUser(c).AsAuthor(), CreatedAt: now, UpdatedAt: now}
}
