package web

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

var (
	errPublishedBefore = models.Refuse(models.Conflict, models.ErrKeyReused,
		"You have already published another text from this page. Press Publish again to publish this one too.")
	errDraftedBefore = models.Refuse(models.Conflict, models.ErrKeyReused,
		"You have already saved another draft from this page. Press Save as draft again to save this one too.")
	errDeletedMeanwhile = models.NewError(models.NotFound,
		"This post was deleted in the meantime. Your text is here: press Publish to publish it as a new post.")
)

// newPostEditor is the editor of a new post. Its key makes one post of a form that is sent twice, and the id of a draft
// makes one draft. The form goes to another address than that of the page: a POST makes a browser drop the page that it
// has of that address (RFC 9111, section 4.4). Who then goes back would have the same text with another key.
func (p *Pages) newPostEditor(c *gin.Context) (*formPage, error) {
	f := newTextForm("/new?sent", "key", "draft", "publishAt", "zone")
	f.show(map[string]string{"zone": p.Site.Zone.String()})
	f.newKeys()
	e := newFormPage("new", "New post", f,
		call{Does: "Write a post", Request: "POST /posts", Body: `{"title": "My post", "content": "Hello", "tags": ["go"]}`},
		callToDraft)
	e.preview = func() (*models.Post, error) {
		text := textOf(f)
		err := text.Clean(nil)
		return p.previewOf(c, text), err
	}
	e.Script, e.autosave = "autosave.js", func() error { return p.autosaveNew(c, f) }
	e.save = func() (string, error) {
		at, err := parsePublishAt(f, time.Time{})
		if err != nil {
			return "", err
		}
		if f.Value("do") == "draft" || !at.IsZero() {
			draft, err := p.createDraft(c, f, at)
			if err != nil {
				return "", err
			}
			return urls.Draft(draft.ID) + "?done=saved", nil
		}
		post, _, err := p.Blog.CreatePost(c.Request.Context(), callOf(c), textOf(f), f.Value("key"))
		if errors.Is(err, models.ErrKeyReused) {
			return "", errPublishedBefore
		}
		if err != nil {
			return "", err
		}
		return urls.Post(post.ID, post.Title), nil
	}
	return e, nil
}

// createDraft keeps a new text as a draft, which is published at a time, if that is not zero. The form names the id of
// the draft, so a form that is sent twice makes one.
func (p *Pages) createDraft(c *gin.Context, f *form, at time.Time) (*models.Draft, error) {
	id, err := models.ParseID(f.Value("draft"))
	if err != nil {
		id = models.NewID()
	}
	draft, err := p.Blog.CreateDraft(c.Request.Context(), callOf(c), models.Draft{ID: id, Text: textOf(f), PublishAt: at})
	if errors.Is(err, models.ErrKeyReused) {
		return nil, errDraftedBefore
	}
	return draft, err
}

// postEditor is the editor of the post in the path.
func (p *Pages) postEditor(c *gin.Context) (*formPage, error) {
	id := idOf(c, "post")
	path := urls.Post(id, "")
	f := newTextForm(path+"/edit", "version", "conflict")
	f.Other = path
	e := newFormPage("edit", "Edit post", f,
		call{Does: "Change this post", Request: "PATCH /posts/" + id.Hex(), Body: `{"content": "A better text"}`})
	e.Script, e.Present = "autosave.js", path
	var post *models.Post
	e.find = func() (_ *models.Post, shown map[string]string, err error) {
		if post, err = p.ownPost(c); err != nil {
			return nil, nil, err
		}
		return post, valuesOf(post.Text, post.Version()), nil
	}
	e.preview = func() (*models.Post, error) {
		preview := *post
		typed(textOf(f))(&preview.Text)
		return &preview, preview.Clean(&post.Text)
	}
	e.save = func() (string, error) {
		call := callIn(c, f.Value("version"), errSavedMeanwhile)
		write := typed(textOf(f))
		saved, err := p.Blog.UpdatePost(c.Request.Context(), call, id, func(p *models.Post) error {
			write(&p.Text)
			return nil
		})
		if err != nil {
			return "", err
		}
		return urls.Post(id, saved.Title), nil
	}
	e.gone = func() error { return p.writeAgain(c, p.newPostEditor, f, errDeletedMeanwhile) }
	return e, nil
}

// postDeletion asks before the post in the path is deleted.
func (p *Pages) postDeletion(c *gin.Context) (*formPage, error) {
	post, err := p.ownPost(c)
	if err != nil {
		return nil, err
	}
	return newDeletion(c, deletion{
		title: "Delete: " + post.Title, notice: "This deletes the post for good. This cannot be undone.",
		does: "Delete this post", api: "/posts/" + post.ID.Hex(), back: urls.Post(post.ID, post.Title),
		version: post.Version(), id: post.ID, remove: p.Blog.DeletePost, next: "/",
	}), nil
}

// ownPost returns the post in the path if the current user may change it.
func (p *Pages) ownPost(c *gin.Context) (*models.Post, error) {
	post, err := p.postOfPath(c)
	if err != nil {
		return nil, err
	}
	return post, blog.MayChange(middleware.CurrentUser(c), post)
}
