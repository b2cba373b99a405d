package routes

import (
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/middleware"
	"gin-blog/models"
)

// drafts are the handlers under /drafts. A draft of somebody else is not found, also by an admin.
type drafts struct{ *api }

// draftRequest is a draft as its author sends it.
type draftRequest struct {
	models.Text
	PublishAt time.Time `json:"publishAt"` // null for never
}

type draftBody struct {
	ID string `json:"_id"`
	models.Text
	PublishAt *timestamp `json:"publishAt"` // null for never
	CreatedAt timestamp  `json:"createdAt"`
	UpdatedAt timestamp  `json:"updatedAt"`
}

func (h *drafts) create(c *gin.Context) error {
	var in draftRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	draft := models.Draft{Text: in.Text, PublishAt: in.PublishAt}
	created, err := h.Blog.CreateDraft(c.Request.Context(), callOf(c), draft)
	if err != nil {
		return err
	}
	c.Header("Location", "/drafts/"+created.ID.Hex())
	return renderCreated(c, "draft", newDraftBody(created), created.Version(), created.UpdatedAt)
}

// change is PUT and PATCH.
func (h *drafts) change(c *gin.Context) error {
	change, err := decodeChange[draftRequest](h.decoder, c)
	if err != nil {
		return err
	}
	draft, err := h.Blog.UpdateDraft(c.Request.Context(), callOf(c), idOf(c), func(d *models.Draft) error {
		in := draftRequest{d.Text, d.PublishAt}
		change(&in)
		d.Text, d.PublishAt = in.Text, in.PublishAt
		return nil
	})
	return renderDraft(c, draft, err)
}

func (h *drafts) delete(c *gin.Context) error {
	return done(c, h.Blog.DeleteDraft(c.Request.Context(), callOf(c), idOf(c)))
}

func (h *drafts) publish(c *gin.Context) error {
	post, err := h.Blog.PublishDraft(c.Request.Context(), callOf(c), idOf(c))
	if err != nil {
		return err
	}
	return renderCreatedPost(c, post)
}

func (h *drafts) read(c *gin.Context) error {
	draft, err := h.Blog.Draft(c.Request.Context(), middleware.CurrentUser(c), idOf(c))
	return renderDraft(c, draft, err)
}

// list answers with a page of the current user's drafts, newest first.
func (h *drafts) list(c *gin.Context) error {
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
	return renderOwnPage(c, q, page, more, newDraftBody)
}

// renderDraft answers with a draft, or returns the error of the call for it.
func renderDraft(c *gin.Context, d *models.Draft, err error) error {
	if err != nil {
		return err
	}
	if err := answer.Reserve(c, d.Size()); err != nil {
		return err
	}
	return renderResource(c, newDraftBody(d), d.Version(), d.UpdatedAt)
}

func newDraftBody(d *models.Draft) draftBody {
	body := draftBody{
		ID: d.ID.Hex(), Text: d.Text, CreatedAt: timestamp(d.CreatedAt), UpdatedAt: timestamp(d.UpdatedAt),
	}
	if !d.PublishAt.IsZero() {
		body.PublishAt = new(timestamp(d.PublishAt))
	}
	return body
}
