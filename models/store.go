package models

import (
	"context"
	"time"
)

// Store keeps users, posts, comments and sessions. Package storetest has the tests that every implementation passes.
//
// All methods are safe for concurrent use, also by several processes on one database. When a method that writes
// returns nil, the write is on the disk. Each method names its own errors; besides those, any of them returns
// ErrUnavailable if the database does not answer in time, or if the store is closed, and an error that wraps
// context.Canceled if its context was canceled before it was done. Times are kept as StoredTime returns them.
type Store interface {
	UserStore
	PostStore
	CommentStore
	DraftStore
	SessionStore
	AccessTokenStore
	InvitationStore
	LogStore
	Bulk

	// Sweep removes some of what deletions of posts and accounts have left and nobody can reach: at most SweepStep
	// comments, drafts or sessions. It returns whether there may be more to remove now. It removes nothing for which there
	// is no note of a deletion that this program carried out, and nothing that another program wrote. now is the time; a
	// store may leave everything for SweepDelay after the deletion. Several processes may sweep at once, and a sweep that
	// was broken off is taken up by the next one. Sessions that have expired may go too.
	Sweep(ctx context.Context, now time.Time) (more bool, err error)

	// Derive makes one batch of what is derived from records and is missing or was made by an older gin-blog, such as the
	// terms by which a search finds posts. It returns whether there may be more. Several processes may do this at once,
	// and one that was broken off is taken up by the next one.
	Derive(ctx context.Context) (more bool, err error)

	// Ping returns nil if the database answers.
	Ping(ctx context.Context) error
	// Close waits until running operations have ended, and closes the connections. A second call does nothing.
	Close(ctx context.Context) error
}

// Use is what a store is opened for.
type Use int

// The uses of a store.
const (
	ToServe    Use = iota // a server brings the store up to date when it starts it
	ToRun                 // a command takes the store as it is, or makes a new one
	ToCopyFrom            // a copy changes nothing in the store; methods that write must not be called
	ToCopyTo              // a copy takes an unfinished copy too, and refuses it itself
)

// Pooled is a store that counts its connections to the database.
type Pooled interface {
	// Pool returns how the connections are used at this moment.
	Pool() PoolStats
}

// Versioned is a store that can tell cheaply whether anything was committed.
type Versioned interface {
	// DataVersion returns a number that is another one after every commit, of this process or of another. It says nothing
	// about which number is later. It costs far less than a read of a page. It returns an error while it cannot tell, and
	// one that wraps errors.ErrUnsupported, at no cost, where it never can.
	DataVersion(ctx context.Context) (int64, error)
}

// PoolStats counts the connections of a store.
type PoolStats struct {
	InUse, Idle int
	Max         int // how many there may be, 0 for no limit
}

// Observer receives each operation of a store: its name, such as "create post", how long it took, waiting for its turn
// included, and the error that it returned.
type Observer func(operation string, took time.Duration, err error)

// UserStore keeps accounts.
type UserStore interface {
	// CreateUser stores u. It returns ErrUsernameTaken or ErrEmailTaken, the first if both are taken.
	CreateUser(ctx context.Context, u *User) error
	// UserByID returns the user with this id, or ErrUserNotFound.
	UserByID(ctx context.Context, id ID) (*User, error)
	// UserByUsername returns the user with this name, as FoldName compares it, or ErrUserNotFound.
	UserByUsername(ctx context.Context, username string) (*User, error)
	// UserByEmail returns the user with this address, as FoldName compares it, or ErrUserNotFound.
	UserByEmail(ctx context.Context, email string) (*User, error)
	// SoleAuthor returns the user who wrote all posts. It returns ErrUserNotFound if there is none: there are no posts, or
	// several authors, or the account is gone. Its cost does not depend on the number of posts.
	SoleAuthor(ctx context.Context) (*User, error)
	// Users returns a page of users, newest first.
	Users(ctx context.Context, f UserFilter) ([]User, error)
	// UpdateUser changes the name, the email and the bio of a user as UpdatePost changes a post. It returns
	// ErrUserNotFound or ErrEmailTaken.
	UpdateUser(ctx context.Context, id ID, change func(*User) error) (*User, error)
	// SetRole changes what a user may do. It returns ErrUserNotFound if no user has this name.
	SetRole(ctx context.Context, username string, role Role) error
	// Suspend suspends a user at a time, for a reason, or if the time is zero, ends that. A suspension ends all sessions
	// and access tokens of the user in the same atomic step, and counts as a change of the password. It returns
	// ErrUserNotFound.
	Suspend(ctx context.Context, id ID, at time.Time, reason string) (*User, error)
	// ChangePassword stores a new hash if the user's PasswordVersion is version, and ends all sessions of the user but
	// keep, in one atomic step: if keep is the zero ID, all access tokens too. Otherwise, or if the user is gone, it
	// returns ErrPasswordChanged.
	ChangePassword(ctx context.Context, id ID, version int64, hash string, keep ID) error
	// RenewHash replaces the hash from by the hash to of the same password. Sessions go on. If the user has another
	// hash by now, nothing happens.
	RenewHash(ctx context.Context, id ID, from, to string) error
	// DeleteUser removes a user with their drafts, and ends their sessions. Their posts and comments stay, without an
	// author. It takes the same time however many there are. If the user is gone already, nothing happens. Sweep frees
	// the space of what nobody can reach any more.
	DeleteUser(ctx context.Context, id ID) error
	// PurgeUser removes a user as DeleteUser does, and all they wrote. From then on, no method returns or counts a post or
	// a comment of theirs, also none that is stored by a call that began before, nor a comment on such a post. It takes
	// the same time however many there are. Sweep removes them.
	PurgeUser(ctx context.Context, id ID, now time.Time) error
}

// AccessTokenStore keeps the tokens of programs.
type AccessTokenStore interface {
	// CreateAccessToken stores t. It returns ErrTooManyTokens if the user has MaxAccessTokens already. A store that
	// notices that the user is gone returns ErrUserNotFound.
	CreateAccessToken(ctx context.Context, t *AccessToken) error
	// AccessTokens returns the access tokens of a user that have not ended, the newest first.
	AccessTokens(ctx context.Context, user ID) ([]AccessToken, error)
	// AccessTokenByHash returns a token that has not ended, with its user, or ErrTokenNotFound. It may have expired.
	AccessTokenByHash(ctx context.Context, hash []byte) (*AccessToken, *User, error)
	// NoteTokenUse sets the time of the last use of a token to now, unless it is later.
	NoteTokenUse(ctx context.Context, id ID, now time.Time) error
	// DeleteAccessToken ends a token of this user, or returns ErrTokenNotFound if the user has no such token.
	DeleteAccessToken(ctx context.Context, user, id ID) error
}

// InvitationStore keeps invitations.
type InvitationStore interface {
	// CreateInvitation stores i.
	CreateInvitation(ctx context.Context, i *Invitation) error
	// Invitations returns invitations that have not expired at now, the newest first: at most MaxInvitations.
	Invitations(ctx context.Context, now time.Time) ([]Invitation, error)
	// DeleteInvitation takes an invitation back. If it is gone already, nothing happens.
	DeleteInvitation(ctx context.Context, id ID) error
	// CreateInvitedUser stores u as CreateUser does, and uses an invitation up. It returns the errors of CreateUser, and
	// then the invitation still works, or ErrInvitationVoid if the invitation is gone or has expired at now. Of several
	// calls at once, one succeeds.
	CreateInvitedUser(ctx context.Context, u *User, invitation ID, now time.Time) error
}

// LogStore keeps what admins did.
type LogStore interface {
	// AddToLog stores e, which is removed LogTTL after its CreatedAt.
	AddToLog(ctx context.Context, e *LogEntry) error
	// Log returns a page of the log, newest first, and whether there are older entries.
	Log(ctx context.Context, f LogFilter) (page []LogEntry, more bool, err error)
}

// PostStore keeps posts.
type PostStore interface {
	// CreatePost stores p, with AuthorID and without Author. It replaces p.ID by a newer one unless that follows the posts
	// that are stored already; IDAfter says which do not count. If key is not nil and its author has created a post with
	// the same key before, nothing is stored: CreatePost returns that post with its author, or ErrKeyReused if its
	// fingerprint differs. Otherwise existing is nil.
	CreatePost(ctx context.Context, p *Post, key *Idempotency) (existing *Post, err error)
	// PostByID returns the post with its author, or ErrPostNotFound.
	PostByID(ctx context.Context, id ID) (*Post, error)
	// Posts returns a page with authors, newest first, and whether there are older posts, or with Before, whether there
	// are newer ones. Without Words its cost depends neither on the number of posts nor on how far back the page lies.
	// With Words it may return ErrSearchTooLong.
	Posts(ctx context.Context, f PostFilter) (page []Post, more bool, err error)
	// PostLinks returns the links to a range of posts. It does not read their contents.
	PostLinks(ctx context.Context, r PostRange) ([]PostLink, error)
	// Tags counts the posts of each tag: those of the most posts first, at most MaxTagCounts. Its cost grows with the
	// number of posts. It may return ErrSearchTooLong.
	Tags(ctx context.Context) ([]TagCount, error)
	// SkipPosts returns the id of the post that has exactly n posts before it among those from an id on, or the zero ID
	// if there is no such post. Its cost grows with n.
	SkipPosts(ctx context.Context, from ID, n int) (ID, error)
	// UpdatePost changes a post: change gets it with its author, as it is stored, and makes of it what is to be stored.
	// The result is stored only if the post is still the same; otherwise change gets it once more. UpdatePost returns the
	// result with its author. If change returns an error, or changes nothing, nothing is stored; UpdatePost returns that
	// error. It returns ErrPostNotFound if there is no such post, and ErrContended if others change it again and again.
	// The ids, CreatedAt and the author stay whatever change does. change must be short: others may wait for it.
	UpdatePost(ctx context.Context, id ID, change func(*Post) error) (*Post, error)
	// DeletePost removes a post with its comments, unless check returns an error for the post as it is stored. It takes
	// the same time however many comments there are. It returns that error, or those of UpdatePost.
	DeletePost(ctx context.Context, id ID, check func(*Post) error) error
}

// DraftStore keeps drafts, apart from posts: no method of PostStore returns one. Methods that name a draft by its id
// return ErrDraftNotFound if there is none. Whoever calls them checks whose it is.
type DraftStore interface {
	// CreateDraft stores d. It returns ErrTooManyDrafts if the author has MaxDrafts already, and may return ErrDuplicate
	// if there is a draft with its id. Many calls at once leave no more than MaxDrafts, but may refuse a draft that would
	// still have fitted. A store that notices that the author is gone returns ErrUserNotFound.
	CreateDraft(ctx context.Context, d *Draft) error
	// DraftByID returns a draft.
	DraftByID(ctx context.Context, id ID) (*Draft, error)
	// Drafts returns a page, newest first, and whether there are older drafts. Its cost does not depend on how many drafts
	// there are.
	Drafts(ctx context.Context, f DraftFilter) (page []Draft, more bool, err error)
	// UpdateDraft changes a draft as UpdatePost changes a post. It returns ErrDraftPublishing once the draft is being
	// published.
	UpdateDraft(ctx context.Context, id ID, change func(*Draft) error) (*Draft, error)
	// DeleteDraft removes a draft as DeletePost removes a post. It returns ErrDraftPublishing once the draft is being
	// published.
	DeleteDraft(ctx context.Context, id ID, check func(*Draft) error) error
	// PublishDraft creates the post that a draft of this author becomes, and removes the draft. publish gets the draft as
	// it is stored, and returns that post with a new ID; if it returns an error, nothing happens, and PublishDraft returns
	// the error. PublishDraft returns the post with its author, and whether this call created it: if the draft was
	// published before, PublishDraft returns that post.
	//
	// A draft becomes one post, however many calls, of however many processes, publish it. A call that does not get to its
	// end has either done nothing, or has begun: then the draft can no longer be changed, and is due, and the next call
	// finishes. So no change that was acknowledged is missing in the post.
	//
	// A store that notices that the author is gone returns ErrUserNotFound, or ErrDraftNotFound if DeleteUser removed
	// them.
	PublishDraft(
		ctx context.Context, id, author ID, publish func(*Draft) (*Post, error),
	) (post *Post, created bool, err error)
	// DueDrafts returns the drafts whose PublishAt is not after a time, and those whose publishing has begun and did not
	// get to its end: at most limit, in the order of PublishAt and ID, those that follow after. The zero DueDraft starts
	// with the first. It takes the same time however many drafts there are that are not due.
	DueDrafts(ctx context.Context, at time.Time, after DueDraft, limit int) ([]DueDraft, error)
}

// SessionStore keeps logins. A session is live at a time before it expires, while its user exists and has the
// PasswordVersion of the login.
type SessionStore interface {
	// CreateSession stores s and ends the user's sessions beyond MaxSessions, those used longest ago. It never ends s. A
	// store that notices that the user is gone returns ErrUserNotFound.
	CreateSession(ctx context.Context, s *Session) error
	// LiveSession returns a session that is live at now, with its user, or ErrSessionNotFound.
	LiveSession(ctx context.Context, id ID, now time.Time) (*Session, *User, error)
	// SwapRefreshID replaces the refresh id from by to, if from is the current one, in one atomic step: from becomes the
	// previous id, and now the time of rotation and of the last use. It returns the session as it is then, swapped or not;
	// the caller compares RefreshID. It returns ErrSessionNotFound if the session is gone or has expired at now.
	SwapRefreshID(ctx context.Context, id ID, from, to string, now time.Time) (*Session, error)
	// NoteSessionUse sets the time of the last use of a session to now, unless it is later. If the session is gone,
	// nothing happens.
	NoteSessionUse(ctx context.Context, id ID, now time.Time) error
	// LiveSessions returns the user's sessions that are live at now, the last used first.
	LiveSessions(ctx context.Context, user ID, now time.Time) ([]Session, error)
	// DeleteSession ends a session. If it is gone already, nothing happens.
	DeleteSession(ctx context.Context, id ID) error
	// DeleteSessionOf ends a session of this user, or returns ErrSessionNotFound if the user has no such session.
	DeleteSessionOf(ctx context.Context, user, id ID) error
	// DeleteSessions ends all sessions of this user.
	DeleteSessions(ctx context.Context, user ID) error
}
