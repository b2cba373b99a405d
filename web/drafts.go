package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/blog"
	"gin-blog/internal/site"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

// draftsPage is what the page of drafts shows.
type draftsPage struct {
	Drafts  []models.Draft
	IsFirst bool // whether it is the first page
	Pager   pager
}

var (
	errDraftPublished = models.NewError(models.Conflict,
		"This draft was published in the meantime, with another text. "+
			"Yours is here: press Publish to publish it as a new post.")
	errDraftDeleted = models.NewError(models.NotFound,
		"This draft was deleted in the meantime. Your text is here: press Save as draft to keep it.")
)

var callToDraft = call{Does: "Write a draft", Request: "POST /drafts", Body: `{"title": "My draft"}`}

// drafts lists the drafts of the current user, newest first.
func (p *Pages) drafts(c *gin.Context) error {
	w, err := windowOf(c)
	if err != nil {
		return errNoPage
	}
	f := models.DraftFilter{AuthorID: middleware.CurrentUser(c).ID, After: w.after, Limit: pageSize}
	drafts, more, err := p.Blog.Store.Drafts(c.Request.Context(), f)
	if err != nil {
		return err
	}
	page := draftsPage{drafts, w.after.IsZero(), pagerOf(w, drafts, more, "/account/drafts", url.Values{})}
	return p.render(c, http.StatusOK, &view{
		template: "drafts", Title: "Drafts", NoIndex: true, Page: page,
		Calls: []call{{Does: "My drafts", Request: "GET /drafts"}, callToDraft},
	})
}

// draftEditor is the editor of the draft in the path. The parameter zone names the time zone of its time to publish.
func (p *Pages) draftEditor(c *gin.Context) (*formPage, error) {
	id := idOf(c, "id")
	path, api := urls.Draft(id), "/drafts/"+id.Hex()
	f := newTextForm(path, "version", "conflict", "publishAt", "zone")
	f.Other = "/account/drafts"
	e := newFormPage("draft", "Edit draft", f,
		call{Does: "This draft", Request: "GET " + api},
		call{Does: "Change it", Request: "PATCH " + api, Body: `{"content": "A better text"}`},
		call{Does: "Publish it", Request: "POST " + api + "/publish"})
	e.Script, e.Present = "autosave.js", path
	var draft *models.Draft
	e.find = func() (_ *models.Post, shown map[string]string, err error) {
		if draft, err = p.ownDraft(c); err != nil {
			return nil, nil, err
		}
		zone := cmp.Or(site.LoadZone(c.Query("zone")), p.Site.Zone)
		f.Notice, shown = p.describePublishAt(draft.PublishAt, zone), valuesOf(draft.Text, draft.Version())
		shown["publishAt"], shown["zone"] = formatPublishAt(draft.PublishAt, zone), zone.String()
		return draft.Post(draft.UpdatedAt), shown, nil
	}
	e.preview = func() (*models.Post, error) {
		preview := *draft
		err := cmp.Or(p.typedDraft(f)(&preview), preview.CleanDraft(&draft.Text))
		return p.previewOf(c, preview.Text), err
	}
	e.save = func() (string, error) { return p.saveDraft(c, id, f) }
	e.gone = func() error { return p.saveGoneDraft(c, id, f) }
	e.autosave = func() error { return p.autosaveDraft(c, id, f) }
	return e, nil
}

// saveDraft changes a draft, and publishes it if that was asked for, unless its time is still to come.
func (p *Pages) saveDraft(c *gin.Context, id models.ID, f *form) (location string, err error) {
	ctx := c.Request.Context()
	draft, err := p.Blog.UpdateDraft(ctx, callIn(c, f.Value("version"), errSavedMeanwhile), id, p.typedDraft(f))
	if err != nil {
		return "", err
	}
	if f.Value("do") == "publish" && !draft.PublishAt.After(p.Blog.Now()) {
		post, err := p.Blog.PublishDraft(ctx, callIn(c, draft.Version(), errSavedMeanwhile), id)
		if err != nil {
			return "", err
		}
		return urls.Post(post.ID, post.Title), nil
	}
	query := url.Values{"done": {"saved"}}
	if !draft.PublishAt.IsZero() {
		query.Set("zone", strings.TrimSpace(f.Value("zone")))
	}
	return urls.WithQuery(urls.Draft(id), query), nil
}

// typedDraft returns the change that gives a draft what somebody typed. To publish it now, its time stays as it is.
func (p *Pages) typedDraft(f *form) func(*models.Draft) error {
	write := typed(textOf(f))
	return func(d *models.Draft) error {
		write(&d.Text)
		at, err := parsePublishAt(f, d.PublishAt)
		switch {
		case err != nil:
			return err
		case f.Value("do") != "publish" || at.After(p.Blog.Now()):
			d.PublishAt = at
		case models.Required(d.Content) != "":
			return models.RefuseFields(nil, models.FieldError{Field: "content", Message: models.Required("")})
		}
		return nil
	}
}

// autosaveDraft saves what the script of the editor sends: the texts, but no time to publish, which may be half typed.
// If-Match has the version that the text was made from, and the ETag of the answer the next one.
func (p *Pages) autosaveDraft(c *gin.Context, id models.ID, f *form) error {
	if middleware.CurrentUser(c) == nil {
		return errSessionEnded
	}
	write := typed(textOf(f))
	call := callIn(c, strings.Trim(c.GetHeader("If-Match"), `"`), errSavedMeanwhile)
	draft, err := p.Blog.UpdateDraft(c.Request.Context(), call, id, func(d *models.Draft) error {
		write(&d.Text)
		return nil
	})
	if err != nil {
		return err
	}
	return answerAutosaved(c, http.StatusNoContent, draft)
}

// autosaveNew makes a draft of what the script of the editor of a new post sends. The header Location has its address.
func (p *Pages) autosaveNew(c *gin.Context, f *form) error {
	if middleware.CurrentUser(c) == nil {
		return errSessionEnded
	}
	draft, err := p.createDraft(c, f, time.Time{})
	if err != nil {
		return err
	}
	c.Header("Location", urls.Draft(draft.ID))
	return answerAutosaved(c, http.StatusCreated, draft)
}

func answerAutosaved(c *gin.Context, status int, draft *models.Draft) error {
	c.Header("ETag", `"`+draft.Version()+`"`)
	c.Status(status)
	return nil
}

// saveGoneDraft handles the form of a draft that is no longer there. If it was published as it was typed, as after a
// double click, the post is shown. Otherwise the text is kept in the editor of a new post.
func (p *Pages) saveGoneDraft(c *gin.Context, id models.ID, f *form) error {
	post, err := p.Blog.PublishDraft(c.Request.Context(), callOf(c), id)
	switch {
	case errors.Is(err, models.ErrDraftNotFound):
		err = errDraftDeleted
	case err != nil:
	case isTyped(textOf(f), post.Text):
		return redirect(c, http.StatusSeeOther, urls.Post(post.ID, post.Title))
	default:
		err = errDraftPublished
	}
	return p.writeAgain(c, p.newPostEditor, f, err)
}

// showPublished leads somebody who goes back to the editor of a draft that was published to its post. Without such a
// post it returns err.
func (p *Pages) showPublished(c *gin.Context, err error) error {
	call := callOf(c)
	call.If = func(blog.State) error { return err } // a GET publishes nothing
	post, failed := p.Blog.PublishDraft(c.Request.Context(), call, idOf(c, "id"))
	if failed != nil {
		return failed
	}
	return redirect(c, http.StatusSeeOther, urls.Post(post.ID, post.Title))
}

// draftDeletion asks before the draft in the path is deleted.
func (p *Pages) draftDeletion(c *gin.Context) (*formPage, error) {
	draft, err := p.ownDraft(c)
	if err != nil {
		return nil, err
	}
	return newDeletion(c, deletion{
		title: "Delete the draft: " + draft.Title, notice: "This deletes the draft for good. This cannot be undone.",
		does: "Delete this draft", api: "/drafts/" + draft.ID.Hex(), back: urls.Draft(draft.ID),
		version: draft.Version(), id: draft.ID, remove: p.Blog.DeleteDraft, next: "/account/drafts?done=deleted",
	}), nil
}

// ownDraft returns the draft in the path, if it is the current user's.
func (p *Pages) ownDraft(c *gin.Context) (*models.Draft, error) {
	return p.Blog.Draft(c.Request.Context(), middleware.CurrentUser(c), idOf(c, "id"))
}
