package models

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says in which way a call was refused. What a client is told, and how a metric counts it, follows from the kind.
type Kind int

// The kinds of refusals.
const (
	Internal         Kind = iota // a fault of the program or of the database: not a refusal at all
	Invalid                      // the input has the wrong form
	Unauthenticated              // nobody proved who they are
	TokenInvalid                 // a token is not one of ours, or its session ended
	TokenExpired                 // a token was one of ours, and its time is over
	RefreshInvalid               // a refresh token is not one of ours, or its session ended
	Forbidden                    // the caller is known, and may not do this
	NotFound                     // what the call names does not exist
	MethodNotAllowed             // there is no such call at this path
	TooSlow                      // the input took too long to arrive
	Conflict                     // another thing of the same name exists
	Changed                      // the thing changed since the caller read it
	TooLarge                     // the input is longer than any that is taken
	UnsupportedType              // the input is of a type that is not read
	TooMany                      // rate limit exceeded
	Unavailable                  // the same call may succeed later
	TooExpensive                 // the call asks for more work than one call may cause
)

// Error is a refusal, of a store or of a check. Callers compare it with errors.Is, usually wrapped with what was being
// done.
type Error struct {
	Kind       Kind
	Message    string        // for the client who made the call; it never tells how the program works inside
	Fields     []FieldError  // what is wrong with each field, if Kind is Invalid and the input has fields
	RetryAfter time.Duration // how long until the same call may succeed, 0 where nobody knows
	Cause      error         // for the log, nil for none
}

// FieldError is one field of an input, and what is wrong with it.
type FieldError struct {
	Field   string `json:"field"`   // the name in JSON or in a form, or the query parameter
	Message string `json:"message"` // what the field must be, to be read after its name
	Unknown bool   `json:"-"`       // whether the client made the name up, so that a log leaves it out
}

// NewError makes a refusal of a kind, with the message that a client gets. Keep it in a variable, for errors.Is to
// compare.
func NewError(kind Kind, message string) error { return &Error{Kind: kind, Message: message} }

// Refuse makes a refusal with its cause, which may be nil. The message is formatted as fmt.Sprintf does.
func Refuse(kind Kind, cause error, format string, args ...any) error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// RefuseFields refuses an input because of some of its fields. The message says what is wrong with each.
func RefuseFields(cause error, fields ...FieldError) error {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = cmp.Or(f.Field, `""`) + " " + f.Message
	}
	return &Error{Kind: Invalid, Message: strings.Join(parts, "; "), Fields: fields, Cause: cause}
}

// Error returns the message and the cause.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the outermost *Error in err, or Internal where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// What the stores refuse.
var (
	ErrInvalidID       = NewError(Invalid, "The id must be 24 hex digits")
	ErrUserNotFound    = NewError(NotFound, "User not found")
	ErrPostNotFound    = NewError(NotFound, "Post not found")
	ErrDraftNotFound   = NewError(NotFound, "Draft not found")
	ErrCommentNotFound = NewError(NotFound, "Comment not found")
	ErrSessionNotFound = NewError(NotFound, "Session not found")
	ErrTokenNotFound   = NewError(NotFound, "Access token not found")
	ErrTooManyTokens   = NewError(Conflict, "You have 50 access tokens: delete one first")
	ErrInvitationVoid  = NewError(Forbidden,
		"This invitation was used or taken back, or is older than 14 days: ask for another one")
	ErrUsernameTaken   = NewError(Conflict, "Username already taken")
	ErrEmailTaken      = NewError(Conflict, "Email already taken")
	ErrKeyReused       = NewError(Conflict, "Idempotency-Key was used for a different request: use a new one")
	ErrTooManyDrafts   = NewError(Conflict, "You have 1000 drafts: publish or delete one first")
	ErrDraftEmpty      = NewError(Conflict, "The draft has no content: write some before you publish it")
	ErrDraftPublishing = NewError(Conflict, "The draft is being published")
	ErrPasswordChanged = NewError(Changed, "The password has changed in the meantime")

	// ErrContended says that others changed the same record again and again, before this change could be stored.
	ErrContended = NewError(Unavailable, "Others are changing this at the same time, try again")

	// ErrEmailNeeded says that a unique index of another program counts users without an email as equal.
	ErrEmailNeeded = NewError(Conflict, "email is required: the database allows only one user without an email")

	// ErrForeignDraft says that another program wrote a draft. It does not publish itself.
	ErrForeignDraft = NewError(Conflict, "Another program wrote the draft: it cannot be scheduled")

	// ErrDuplicate says that a unique index refused a new row. A store finds out what that means before it returns.
	ErrDuplicate = NewError(Conflict, "It exists already")

	// What a store refuses as long as the database cannot promise what the call needs. A later call may succeed.
	ErrNamesNotUnique = NewError(Unavailable,
		"Registration is unavailable: the database cannot keep usernames unique. The log of the server says why")
	ErrEmailsNotUnique = NewError(Unavailable,
		"Emails cannot be stored: the database cannot keep them unique. The log of the server says why")
	ErrKeysNotUnique = NewError(Unavailable,
		"Idempotency-Key is unavailable: the database cannot keep keys unique. The log of the server says why")
	ErrRuleOfDatabase = NewError(Unavailable,
		"A rule of the database itself rejects this: its administrator must change the rule")

	// ErrUnavailable says that the database did not answer in time, or could not be written.
	ErrUnavailable = NewError(Unavailable, "The database does not answer, try again later")

	// ErrDiskFull lasts until somebody acts. Strangers learn little from it that a refused write does not tell them too,
	// and the owner, who is often the one to write, learns what to do.
	ErrDiskFull error = &Error{Kind: Unavailable, RetryAfter: time.Minute,
		Message: "The disk of the server is full, so nothing can be saved. Its owner must free up space"}

	// ErrSearchTooLong says that a search for words was stopped after SearchTimeout. The database is well.
	ErrSearchTooLong = NewError(TooExpensive, "The search took too long, use rarer words or try again later")
)

// Duplicate returns ErrDuplicate with a message that names the fields of the unique index. Without fields, it returns
// ErrDuplicate itself.
func Duplicate(fields []string) error {
	if len(fields) == 0 {
		return ErrDuplicate
	}
	message := "Another record has the same " + strings.Join(fields, " and ") + ", which the database allows only once"
	return fmt.Errorf("%w (%w)", NewError(Conflict, message), ErrDuplicate)
}
