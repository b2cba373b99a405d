package blog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"

	"gin-blog/models"
)

// own returns models.ErrDraftNotFound unless u wrote the draft: nobody learns of the drafts of others.
func own(u *models.User, d *models.Draft) error {
	if u.ID != d.AuthorID {
		return models.ErrDraftNotFound
	}
	return nil
}

// Draft returns a draft of u, or models.ErrDraftNotFound.
func (b *Blog) Draft(ctx context.Context, u *models.User, id models.ID) (*models.Draft, error) {
	d, err := b.Store.DraftByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return d, own(u, d)
}

// CreateDraft creates a draft of the caller, with the text and the time to publish of d. If d has an ID, the same text
// makes one draft however often it is sent with it: then CreateDraft returns the draft of the first time. It returns
// models.ErrKeyReused for another text with the same ID. The draft gets another ID, which no caller can choose.
func (b *Blog) CreateDraft(ctx context.Context, call Call, d models.Draft) (*models.Draft, error) {
	now, sent := b.now(), d.ID
	d.ID, d.AuthorID, d.CreatedAt, d.UpdatedAt = draftID(sent, call.User.ID), call.User.ID, now, now
	if err := d.CleanDraft(nil); err != nil {
		return nil, err
	}
	if err := checkPublishAt(&d, &models.Draft{UpdatedAt: now}); err != nil {
		return nil, err
	}
	if err := call.reserve(d.Size()); err != nil {
		return nil, err
	}
	err := b.Store.CreateDraft(ctx, &d)
	if sent.IsZero() || err != nil && !errors.Is(err, models.ErrDuplicate) {
		return &d, ifAuthorExists(err)
	}
	// MongoDB's store takes a draft with the same id for this one: it may have stored it before the connection broke.
	existing, err := b.Draft(ctx, call.User, d.ID)
	if err == nil && !existing.Text.Equal(d.Text) {
		return nil, models.ErrKeyReused
	}
	return existing, err
}

// draftID makes the id of a draft out of one that was sent. The result differs between authors, so nobody can find out
// by it whether somebody else has a draft.
func draftID(sent, author models.ID) models.ID {
	if sent.IsZero() {
		return models.NewID()
	}
	hash := sha256.Sum256(append(author[:], sent[:]...))
	copy(sent[8:], hash[:]) // the time stays
	return sent
}

// UpdateDraft changes the text and the time to publish of a draft of the caller. What changes nothing leaves the draft
// as it is. change is called as that of UpdatePost is.
func (b *Blog) UpdateDraft(
	ctx context.Context, call Call, id models.ID, change func(*models.Draft) error,
) (*models.Draft, error) {
	return b.Store.UpdateDraft(ctx, id, func(d *models.Draft) error {
		if err := own(call.User, d); err != nil {
			return err
		}
		before := *d
		refusal := change(d)
		if err := d.CleanDraft(&before.Text); err != nil {
			return err
		}
		unchanged := d.Text.Equal(before.Text) && d.PublishAt.Equal(before.PublishAt)
		err := cmp.Or(call.check(State{before.Version, before.UpdatedAt, unchanged}), refusal)
		if err != nil || unchanged {
			return err
		}
		d.UpdatedAt = models.ChangedAt(b.Now(), before.UpdatedAt)
		if err := checkPublishAt(d, &before); err != nil {
			return err
		}
		return call.reserve(d.Size())
	})
}

// checkPublishAt returns a refusal if a draft cannot publish itself at its time. A time that stays may have come.
func checkPublishAt(d, before *models.Draft) error {
	if !d.PublishAt.IsZero() && models.Required(d.Content) != "" {
		return models.RefuseFields(nil, models.FieldError{
			Field: "content", Message: "is required for a scheduled draft"})
	}
	if d.PublishAt.Equal(before.PublishAt) {
		return nil
	}
	return models.CheckPublishAt(d.PublishAt, d.UpdatedAt)
}

// DeleteDraft deletes a draft of the caller.
func (b *Blog) DeleteDraft(ctx context.Context, call Call, id models.ID) error {
	return b.Store.DeleteDraft(ctx, id, func(d *models.Draft) error {
		if err := own(call.User, d); err != nil {
			return err
		}
		return call.check(State{Version: d.Version, UpdatedAt: d.UpdatedAt})
	})
}

// PublishDraft makes a post of a draft of the caller. If that has happened before, it returns that post, whatever the
// precondition: a client that got no answer sends the same request again. It returns models.ErrDraftEmpty if the draft
// has no content.
func (b *Blog) PublishDraft(ctx context.Context, call Call, id models.ID) (*models.Post, error) {
	post, _, err := b.Store.PublishDraft(ctx, id, call.User.ID, func(d *models.Draft) (*models.Post, error) {
		if err := own(call.User, d); err != nil {
			return nil, err
		}
		if err := call.check(State{Version: d.Version, UpdatedAt: d.UpdatedAt}); err != nil {
			return nil, err
		}
		if err := call.reserve(d.Size()); err != nil {
			return nil, err
		}
		return b.asPost(d)
	})
	return post, ifAuthorExists(err)
}

// asPost returns the post that a draft becomes now.
func (b *Blog) asPost(d *models.Draft) (*models.Post, error) {
	if models.Required(d.Content) != "" {
		return nil, models.ErrDraftEmpty
	}
	return d.Post(b.now()), nil
}
