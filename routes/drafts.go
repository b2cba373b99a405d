package routes

import (
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// draftRequest is a draft as its author sends it.
type draftRequest struct {
	models.Text
	PublishAt *timestamp `json:"publishAt"` // null for never
}

// publishAt returns when the draft becomes a post by itself, the zero time for never.
func (r *draftRequest) publishAt() time.Time {
	if r.PublishAt == nil {
		return time.Time{}
	}
	return time.Time(*r.PublishAt)
}

type draftBody struct {
	ID string `json:"_id"`
	draftRequest
	stamps
}

func (h *api) createDraft(c *gin.Context) error {
	var in draftRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	if err := permitPublishing(c, in.publishAt()); err != nil {
		return err
	}
	draft := models.Draft{Text: in.Text, PublishAt: in.publishAt()}
	created, err := h.Blog.CreateDraft(c.Request.Context(), callOf(c), draft)
	return renderCreated(c, "draft", created, err, newDraftBody)
}

// changeDraft is PUT and PATCH.
func (h *api) changeDraft(c *gin.Context) error {
	change, err := decodeChange(h.decoder, c, func(b *draftBody) *draftRequest { return &b.draftRequest })
	if err != nil {
		return err
	}
	draft, err := h.Blog.UpdateDraft(c.Request.Context(), callOf(c), idOf(c), func(d *models.Draft) error {
		in, err := change(newDraftBody(d))
		if err != nil {
			return err
		}
		d.Text, d.PublishAt = in.Text, in.publishAt()
		return permitPublishing(c, d.PublishAt)
	})
	return renderResource(c, draft, err, newDraftBody)
}

// permitPublishing returns a refusal if a draft is to become a post at a time, and a program may not write posts.
func permitPublishing(c *gin.Context, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	return middleware.CurrentIdentity(c).Permit(models.ScopePosts)
}

func (h *api) deleteDraft(c *gin.Context) error {
	return done(c, h.Blog.DeleteDraft(c.Request.Context(), callOf(c), idOf(c)))
}

func (h *api) publishDraft(c *gin.Context) error {
	if err := middleware.CurrentIdentity(c).Permit(models.ScopePosts); err != nil {
		return err
	}
	post, err := h.Blog.PublishDraft(c.Request.Context(), callOf(c), idOf(c))
	return renderCreated(c, "post", post, err, newPostBody)
}

// readDraft answers with a draft of the current user. Those of others are not found, also by an admin.
func (h *api) readDraft(c *gin.Context) error {
	draft, err := h.Blog.Draft(c.Request.Context(), middleware.CurrentUser(c), idOf(c))
	return renderResource(c, draft, err, newDraftBody)
}

// listDrafts answers with a page of the current user's drafts, newest first.
func (h *api) listDrafts(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	page, more, err := h.Blog.Store.Drafts(c.Request.Context(), models.DraftFilter{
		AuthorID: middleware.CurrentUser(c).ID, After: q.after, Limit: q.limit,
	})
	if err != nil {
		return err
	}
	return renderPage(c, q, page, more, newDraftBody)
}

func newDraftBody(d *models.Draft) draftBody {
	stamps := stamps{timestamp(d.CreatedAt), timestamp(d.UpdatedAt)}
	body := draftBody{d.ID.Hex(), draftRequest{Text: d.Text}, stamps}
	if !d.PublishAt.IsZero() {
		body.PublishAt = new(timestamp(d.PublishAt))
	}
	return body
}
