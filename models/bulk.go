package models

import (
	"context"
	"fmt"
	"time"
)

// Bulk is a store whose records can be read one after the other, and stored again in another store with the same ids.
// Each type of record has a Table. What a store derives from its records, such as an index, has none.
type Bulk interface {
	UserTable() Table[User]
	// SessionTable has the sessions that are live at a time. They come with the PasswordVersion that their user has now.
	SessionTable(liveAt time.Time) Table[Session]
	// PostTable has the posts, but none of a user who was purged.
	PostTable() Table[KeptPost]
	// CommentTable has the comments on posts that exist, but none of a user who was purged.
	CommentTable() Table[KeptComment]
	// DraftTable has the drafts whose post does not exist yet. Those whose publishing has begun are due.
	DraftTable() Table[Draft]
	AccessTokenTable() Table[AccessToken]
	LogTable() Table[LogEntry]

	// CopySource returns the address of the store of which this one is an unfinished copy, or "" if it is whole.
	CopySource(ctx context.Context) (address string, err error)
	// SetCopySource marks the store as an unfinished copy of the store at address, or as whole if address is "". An
	// unfinished copy is not served.
	SetCopySource(ctx context.Context, address string) error
}

// CheckWhole returns an error if source, the result of CopySource, says that a store is an unfinished copy.
func CheckWhole(source string) error {
	if source == "" {
		return nil
	}
	return fmt.Errorf("it is an unfinished copy of %s: empty it, and run the same gin-blog copy again", source)
}

// Table is all records of one type. Its methods return the errors that Store describes, and more that they name.
type Table[T Record] interface {
	// Name returns the name of the table in SQLite, and of the collection in MongoDB.
	Name() string
	// Count returns about how many records there are. It takes less than a second for some millions.
	Count(ctx context.Context) (int, error)
	// Last returns the last id in the order of ids, or the zero ID if there is none. It returns foreign if another program
	// stored records whose id is no ObjectID; no other method knows them.
	Last(ctx context.Context) (id ID, foreign bool, err error)
	// Read returns at most limit records whose ids follow after, in the order of ids: fewer if they are long, and maybe
	// none. next is the id to go on after, or the zero ID if there are no more records.
	Read(ctx context.Context, after ID, limit int) (records []T, next ID, err error)
	// Insert stores records that the table does not have yet, exactly as they are. It returns ErrDuplicate if an id, or a
	// value that must be unique, is there already; then it may have stored some of the records.
	Insert(ctx context.Context, records []T) error
}

// Record is what a Table holds.
type Record interface {
	// RecordID returns the id, which tells the record from all others of its type.
	RecordID() ID
	// Size returns the number of bytes in the long texts of the record.
	Size() int
}

// KeptPost is a post with all that a store keeps of it. Its Author is nil: the name is in another record.
type KeptPost struct {
	Post
	KeptKey
}

// KeptComment is a comment with all that a store keeps of it. It has neither Author nor PostAuthorID nor PostTitle:
// other records hold them.
type KeptComment struct {
	Comment
	KeptKey
}

// KeptKey is what a record keeps of the Idempotency that it was created with.
type KeptKey struct {
	IdempotencyKey  string // "" if there was none
	IdempotencyHash []byte // the Fingerprint, nil if there was none
}

// RecordID implements Record.
func (u User) RecordID() ID { return u.ID }

// Size implements Record.
func (u User) Size() int { return len(u.Bio) }

// RecordID implements Record.
func (s Session) RecordID() ID { return s.ID }

// Size implements Record.
func (s Session) Size() int { return len(s.UserAgent) }

// RecordID implements Record.
func (p Post) RecordID() ID { return p.ID }

// RecordID implements Record.
func (c Comment) RecordID() ID { return c.ID }

// Size implements Record.
func (c Comment) Size() int { return len(c.Content) }

// RecordID implements Record.
func (d Draft) RecordID() ID { return d.ID }
