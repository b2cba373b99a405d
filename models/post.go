package models

import "time"

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

// Author is the public name of the user who wrote a post.
type Author struct {
	ID       ID
	Username string
}

// Revision identifies one state of a post. A post's contents change only together with its version, or when its
// author's account is deleted.
type Revision struct {
	ID      ID
	Version int64
	Author  string // the username, "" once the account is gone
}

// Revision returns the state of a post that was read with its author.
func (p *Post) Revision() Revision {
	r := Revision{ID: p.ID, Version: p.Version}
	if p.Author != nil {
		r.Author = p.Author.Username
	}
	return r
}

// PostChange holds the new values of a post. A nil field stays as it is.
type PostChange struct {
	Title     *string
	Content   *string
	Tags      *[]string
	UpdatedAt time.Time
	IfVersion *int64 // if not nil: change the post only if this is its version
}

// PostFilter selects one page of posts. A post must meet all conditions.
type PostFilter struct {
	After    ID     // only posts older than this one; the zero ID starts with the newest post
	Limit    int    // at most this many posts, at least 1
	AuthorID ID     // only posts of this author; the zero ID for all
	Tag      string // only posts with this tag; "" for all
	Words    Words  // only posts with these words; none for all
}

// Idempotency identifies a request to create a post, so that sending it again creates no second one.
type Idempotency struct {
	Key         string    // chosen by the client, for posts of one author
	Fingerprint []byte    // a hash of what the client sent
	Since       time.Time // keys of posts that were created before count no more
}
