package models

import "time"

// MaxPageBytes bounds what the posts of one page hold in titles and contents. A page of very long posts ends early, so
// that a few clients that read slowly cannot fill the memory.
const MaxPageBytes = 4 << 20

// Post is an article of the blog.
type Post struct {
	ID        ID
	Title     string
	Content   string
	Tags      []string
	AuthorID  ID
	Author    *Author // nil once the author's account is gone
	Version   int64   // counts changes
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Author is what a post shows of the user who wrote it.
type Author struct {
	ID       ID
	Username string
}

// Revision is what tells one state of a post from every other: its contents change only with its version, or when its
// author goes.
type Revision struct {
	ID      ID
	Version int64
	Author  string // the username, "" once the account is gone
}

// Revision returns the revision of a post that was read with its author.
func (p *Post) Revision() Revision {
	r := Revision{ID: p.ID, Version: p.Version}
	if p.Author != nil {
		r.Author = p.Author.Username
	}
	return r
}

// PostChange is what changes about a post; nil leaves a field as it is.
type PostChange struct {
	Title     *string
	Content   *string
	Tags      *[]string
	UpdatedAt time.Time
	IfVersion *int64 // change only this version
}

// PostFilter selects a page of the list of posts. All its conditions hold together.
type PostFilter struct {
	After    ID     // only posts older than this one; the zero ID starts with the newest
	Limit    int    // at most so many posts, at least 1
	AuthorID ID     // only posts of this author; the zero ID for all
	Tag      string // only posts with this tag; "" for all
	Words    Words  // only posts with these words; none for all
}

// HasRoom tells whether a page that holds n posts of so many bytes takes one more of size bytes.
func (f PostFilter) HasRoom(n, bytes, size int) bool {
	return n == 0 || n < f.Limit && bytes+size <= MaxPageBytes
}

// Idempotency makes the creation of a post happen once however often it is asked for.
type Idempotency struct {
	Key         string    // the client's; it counts for one author
	Fingerprint []byte    // of what was sent
	Since       time.Time // keys of posts created before are free again
}
