package models

import (
	"slices"
	"strings"
	"time"
)

const (
	// MaxDrafts is how many drafts a user may have.
	MaxDrafts = 1000
	// maxPublishYears is how many years ahead a draft may be told to publish itself.
	maxPublishYears = 1
	// draftKey is how a DraftKey begins.
	draftKey = "draft "
)

// Draft is a text that only its author sees. It is not a post: stores keep it apart from posts.
type Draft struct {
	ID        ID
	Title     string
	Content   string // may be empty
	Tags      []string
	AuthorID  ID
	PublishAt time.Time // when it becomes a post by itself; the zero time for never
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Equal returns whether d and e are the same draft in the same state.
func (d *Draft) Equal(e *Draft) bool {
	return d.ID == e.ID && d.AuthorID == e.AuthorID && d.Title == e.Title && d.Content == e.Content &&
		slices.Equal(d.Tags, e.Tags) && d.PublishAt.Equal(e.PublishAt) && d.CreatedAt.Equal(e.CreatedAt) &&
		d.UpdatedAt.Equal(e.UpdatedAt)
}

// Post returns the post that a draft becomes at a time, with a new ID and without Author.
func (d *Draft) Post(at time.Time) *Post {
	return &Post{
		ID: NewID(), Title: d.Title, Content: d.Content, Tags: d.Tags, AuthorID: d.AuthorID, CreatedAt: at, UpdatedAt: at,
	}
}

// MayPublishAt returns whether a draft may be told at now to publish itself at a time: one to come, and at most a year
// ahead.
func MayPublishAt(at, now time.Time) bool {
	return at.After(now) && !at.After(now.AddDate(maxPublishYears, 0, 0))
}

// DraftKey is the idempotency key of the post that a draft becomes, for all time: however often and by however many
// processes the draft is published, there is one post. No client can send this key, because it contains a space.
func DraftKey(draft ID) *Idempotency { return &Idempotency{Key: draftKey + draft.Hex()} }

// IsDraftKey returns whether a key is a DraftKey.
func IsDraftKey(key string) bool { return strings.HasPrefix(key, draftKey) }

// DraftChange holds the new values of a draft. A nil field stays as it is.
type DraftChange struct {
	Title     *string
	Content   *string
	Tags      *[]string
	PublishAt *time.Time // the zero time stands for never
	UpdatedAt time.Time
	// IfUnchanged, if not nil, is the draft as the caller has read it: change the draft only if it is still the same.
	IfUnchanged *Draft
}

// DraftChange returns the same change for a draft, without IfUnchanged.
func (c PostChange) DraftChange() DraftChange {
	return DraftChange{Title: c.Title, Content: c.Content, Tags: c.Tags, UpdatedAt: c.UpdatedAt}
}

// ChangesNothing returns whether d has all the new values already.
func (c DraftChange) ChangesNothing(d *Draft) bool {
	return (c.Title == nil || *c.Title == d.Title) &&
		(c.Content == nil || *c.Content == d.Content) &&
		(c.Tags == nil || slices.Equal(*c.Tags, d.Tags)) &&
		(c.PublishAt == nil || c.PublishAt.Equal(d.PublishAt))
}

// DraftFilter selects one page of the drafts of an author.
type DraftFilter struct {
	AuthorID ID
	After    ID  // only drafts older than this one; the zero ID starts with the newest
	Limit    int // at most this many drafts, at least 1
}

// Publication says how a draft is published.
type Publication struct {
	At time.Time // when the post is created
	// IfUnchanged, if not nil, is the draft as the caller has read it: publish the draft only if it is still the same.
	IfUnchanged *Draft
	// IfDue publishes the draft only if its PublishAt is not after At.
	IfDue bool
}

// DueDraft names a draft that is to be published.
type DueDraft struct {
	ID, AuthorID ID
	PublishAt    time.Time // the zero time if its author publishes it
}

// Check returns nil if a draft may be published, or else ErrDraftChanged, ErrDraftNotDue or ErrDraftEmpty.
func (p Publication) Check(d *Draft) error {
	switch {
	case p.IfUnchanged != nil && !d.Equal(p.IfUnchanged):
		return ErrDraftChanged
	case p.IfDue && (d.PublishAt.IsZero() || d.PublishAt.After(p.At)):
		return ErrDraftNotDue
	case d.Content == "":
		return ErrDraftEmpty
	}
	return nil
}
