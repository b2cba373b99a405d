package routes

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/internal/auth"
	"gin-blog/internal/httperror"
	"gin-blog/internal/validation"
	"gin-blog/middleware"
	"gin-blog/models"
)

// draftStore is what the handlers of drafts need of the store.
type draftStore interface {
	CreateDraft(ctx context.Context, d *models.Draft) error
	DraftByID(ctx context.Context, id, author models.ID) (*models.Draft, error)
	Drafts(ctx context.Context, f models.DraftFilter) (page []models.Draft, more bool, err error)
	UpdateDraft(ctx context.Context, id, author models.ID, change models.DraftChange) (*models.Draft, error)
	DeleteDraft(ctx context.Context, id, author models.ID, ifUnchanged *models.Draft) error
	PublishDraft(
		ctx context.Context, id, author models.ID, p models.Publication,
	) (post *models.Post, created bool, err error)
}

// drafts are the handlers under /drafts. They pass the id of the current user to every method of the store, so a draft
// of somebody else is not found, also by an admin.
type drafts struct {
	*decoder
	store draftStore
	now   func() time.Time
}

// draftPreconditions are the refusals of conditional writes to drafts.
var draftPreconditions = refusedPreconditions{
	changed:  models.ErrDraftChanged,
	excluded: models.NewError(models.Changed, "The draft is in a state that If-None-Match excludes"),
}

// draftRequest is a whole draft as its author sends it.
type draftRequest struct {
	Title     string       `json:"title" validate:"required,title"`
	Content   string       `json:"content" validate:"draft"`
	Tags      []string     `json:"tags" validate:"tags,dive,tag"`
	PublishAt optionalTime `json:"publishAt"`
}

func (r *draftRequest) normalize() { validation.NormalizePost(&r.Title, &r.Tags) }

// check refuses a time to publish without content.
func (r *draftRequest) check() error {
	if r.PublishAt.value.IsZero() || r.Content != "" {
		return nil
	}
	return httperror.Invalid(nil, validation.FieldError{Field: "content", Message: "is required beside publishAt"})
}

// draftChangeRequest has the new values of a draft. A field that is nil was not sent.
type draftChangeRequest struct {
	Title     *string      `json:"title" validate:"omitnil,title"`
	Content   *string      `json:"content" validate:"omitnil,draft"`
	Tags      *[]string    `json:"tags" validate:"omitnil,tags,dive,tag"`
	PublishAt optionalTime `json:"publishAt"`
}

func (r *draftChangeRequest) normalize() { validation.NormalizePost(r.Title, r.Tags) }

type draftBody struct {
	ID        string     `json:"_id"`
	Title     string     `json:"title"`
	Content   string     `json:"content"`
	Tags      []string   `json:"tags"`
	PublishAt *timestamp `json:"publishAt"` // null for never
	CreatedAt timestamp  `json:"createdAt"`
	UpdatedAt timestamp  `json:"updatedAt"`
}

type createdDraftBody struct {
	Message string         `json:"message"`
	Draft   jsontext.Value `json:"draft"`
}

func (h *drafts) create(c *gin.Context) error {
	var in draftRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	now := models.StoredTime(h.now())
	draft := &models.Draft{
		ID: models.NewID(), Title: in.Title, Content: in.Content, Tags: in.Tags, AuthorID: middleware.CurrentUser(c).ID,
		PublishAt: in.PublishAt.value, CreatedAt: now, UpdatedAt: now,
	}
	if err := validation.CheckPublishAt(draft.PublishAt, now); err != nil {
		return err
	}
	if err := reserveForDraft(c, draft); err != nil {
		return err
	}
	err := h.store.CreateDraft(c.Request.Context(), draft)
	if errors.Is(err, models.ErrUserNotFound) { // deleted since the request was authenticated
		return auth.ErrInvalidToken
	}
	if err != nil {
		return err
	}
	body, err := encodeResource(c, newDraftBody(draft), draft.UpdatedAt)
	if err != nil {
		return err
	}
	c.Header("Location", "/drafts/"+draft.ID.Hex())
	return render(c, http.StatusCreated, createdDraftBody{Message: "Draft created", Draft: body})
}

// replace is PUT: a field that is left out becomes empty.
func (h *drafts) replace(c *gin.Context) error {
	draft, err := h.ofPath(c)
	if err != nil {
		return err
	}
	var in draftRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	return h.change(c, draft, models.DraftChange{
		Title: &in.Title, Content: &in.Content, Tags: &in.Tags, PublishAt: &in.PublishAt.value,
	})
}

// update is PATCH: a field that is left out stays.
func (h *drafts) update(c *gin.Context) error {
	draft, err := h.ofPath(c)
	if err != nil {
		return err
	}
	var in draftChangeRequest
	if err := h.decode(c, &in); err != nil {
		return err
	}
	change := models.DraftChange{Title: in.Title, Content: in.Content, Tags: in.Tags}
	if in.PublishAt.sent {
		change.PublishAt = &in.PublishAt.value
	}
	return h.change(c, draft, change)
}

// change makes a change, if the request's preconditions hold. A change that changes nothing leaves the draft as it is.
func (h *drafts) change(c *gin.Context, draft *models.Draft, change models.DraftChange) (err error) {
	if change.IfUnchanged, err = checkDraftPreconditions(c, draft); err != nil {
		return err
	}
	if change.ChangesNothing(draft) {
		return renderDraft(c, draft)
	}
	change.UpdatedAt = models.ChangedAt(h.now(), draft.UpdatedAt)
	if change.PublishAt != nil && !change.PublishAt.Equal(draft.PublishAt) { // a time that stays may have come
		if err := validation.CheckPublishAt(*change.PublishAt, change.UpdatedAt); err != nil {
			return err
		}
	}
	after := *draft
	if change.Content != nil {
		after.Content = *change.Content
	}
	if err := reserveForDraft(c, &after); err != nil {
		return err
	}
	changed, err := h.store.UpdateDraft(c.Request.Context(), draft.ID, draft.AuthorID, change)
	if err != nil {
		return err
	}
	return renderDraft(c, changed)
}

func (h *drafts) delete(c *gin.Context) error {
	draft, err := h.ofPath(c)
	if err != nil {
		return err
	}
	ifUnchanged, err := checkDraftPreconditions(c, draft)
	if err != nil {
		return err
	}
	if err := h.store.DeleteDraft(c.Request.Context(), draft.ID, draft.AuthorID, ifUnchanged); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// publish makes a post of the draft in the path. If that has happened before, it answers with that post, whatever the
// preconditions: a client that got no answer sends the same request again.
func (h *drafts) publish(c *gin.Context) error {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	publication := models.Publication{At: models.StoredTime(h.now())}
	draft, err := h.ofPath(c)
	switch {
	case errors.Is(err, models.ErrDraftNotFound): // perhaps it was published before
	case err != nil:
		return err
	default:
		if publication.IfUnchanged, err = checkDraftPreconditions(c, draft); err != nil {
			return err
		}
		if err := reserveForDraft(c, draft); err != nil {
			return err
		}
	}
	post, _, err := h.store.PublishDraft(c.Request.Context(), id, middleware.CurrentUser(c).ID, publication)
	if err != nil {
		return err
	}
	return renderCreatedPost(c, post)
}

func (h *drafts) read(c *gin.Context) error {
	draft, err := h.ofPath(c)
	if err != nil {
		return err
	}
	if err := middleware.ReserveAnswer(c, draft.Size()); err != nil {
		return err
	}
	return renderDraft(c, draft)
}

// list answers with a page of the current user's drafts, newest first.
func (h *drafts) list(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	page, more, err := h.store.Drafts(c.Request.Context(), models.DraftFilter{
		AuthorID: middleware.CurrentUser(c).ID, After: q.after, Limit: q.limit,
	})
	if err != nil {
		return err
	}
	size := 0
	bodies := make([]draftBody, len(page))
	for i := range page {
		size += page[i].Size()
		bodies[i] = newDraftBody(&page[i])
	}
	if err := middleware.ReserveAnswer(c, size); err != nil {
		return err
	}
	if more {
		c.Header("Link", q.link("/drafts", "next", page[len(page)-1].ID))
	}
	return render(c, http.StatusOK, bodies)
}

// ofPath returns the draft in the path, if it is the current user's.
func (h *drafts) ofPath(c *gin.Context) (*models.Draft, error) {
	id, err := models.ParseID(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return h.store.DraftByID(c.Request.Context(), id, middleware.CurrentUser(c).ID)
}

// checkDraftPreconditions is checkPreconditions for a draft.
func checkDraftPreconditions(c *gin.Context, d *models.Draft) (ifUnchanged *models.Draft, err error) {
	return checkPreconditions(c, d, newDraftBody(d), d.UpdatedAt, draftPreconditions)
}

// reserveForDraft reserves the memory for the answer to a write that makes d. In JSON, each character may get a
// backslash.
func reserveForDraft(c *gin.Context, d *models.Draft) error {
	return middleware.ReserveAnswer(c, 2*d.Size())
}

// renderDraft answers with a draft.
func renderDraft(c *gin.Context, d *models.Draft) error {
	return renderResource(c, newDraftBody(d), d.UpdatedAt)
}

func newDraftBody(d *models.Draft) draftBody {
	body := draftBody{
		ID: d.ID.Hex(), Title: d.Title, Content: d.Content, Tags: d.Tags,
		CreatedAt: timestamp(d.CreatedAt), UpdatedAt: timestamp(d.UpdatedAt),
	}
	if !d.PublishAt.IsZero() {
		body.PublishAt = new(timestamp(d.PublishAt))
	}
	return body
}
