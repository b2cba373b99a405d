package models

import (
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
	ID ID
	Text
	AuthorID  ID
	PublishAt time.Time // when it becomes a post by itself; the zero time for never
	CreatedAt time.Time
	UpdatedAt time.Time
	// Foreign tells that another program wrote the draft. Only PublishDraft sets it, for the function that it calls.
	Foreign bool `json:"-"`
}

// Version returns a hash of the draft. Two states of a draft have different versions, whoever changed it.
func (d *Draft) Version() string { return version(d) }

// Post returns the post that a draft becomes at a time, with a new ID and without Author.
func (d *Draft) Post(at time.Time) *Post {
	return &Post{ID: NewID(), Text: d.Text, AuthorID: d.AuthorID, CreatedAt: at, UpdatedAt: at}
}

// CheckPublishAt returns a refusal if a draft may not be told at now to publish itself at a time: in the future, and at
// most a year ahead. The zero time, for never, is allowed.
func CheckPublishAt(at, now time.Time) error {
	if at.IsZero() || at.After(now) && !at.After(now.AddDate(maxPublishYears, 0, 0)) {
		return nil
	}
	return RefuseFields(nil, FieldError{Field: "publishAt", Message: "must be in the future, at most a year ahead"})
}

// DraftKey is the idempotency key of the post that a draft becomes, for all time: however often and by however many
// processes the draft is published, there is one post. No client can send this key, because it contains a space.
func DraftKey(draft ID) *Idempotency { return &Idempotency{Key: draftKey + draft.Hex()} }

// IsDraftKey returns whether a key is a DraftKey.
func IsDraftKey(key string) bool { return strings.HasPrefix(key, draftKey) }

// DraftFilter selects one page of the drafts of an author.
type DraftFilter struct {
	AuthorID ID
	After    ID  // only drafts older than this one; the zero ID starts with the newest
	Limit    int // at most this many drafts, at least 1
}

// DueDraft names a draft that is to be published.
type DueDraft struct {
	ID, AuthorID ID
	PublishAt    time.Time // the zero time if its author publishes it
}
