package models

import (
	"cmp"
	"time"
)

// Post is an article of the blog.
type Post struct {
	ID ID
	Text
	AuthorID  ID
	Author    *Author // nil once the author's account is gone
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Author is what readers know of the user who wrote a post.
type Author struct {
	ID       ID     `json:"_id"`
	Username string `json:"username"`
	Name     string `json:"name"` // "" where none was given
}

// Shown returns the name by which readers know the author: the name, or else the username.
func (a *Author) Shown() string { return cmp.Or(a.Name, a.Username) }

// Version returns a hash of the post with the name of its author. Two states of a post have different versions, whoever
// changed it.
func (p *Post) Version() string { return version(p) }

// PostFilter selects one page of posts. A post must meet all conditions.
type PostFilter struct {
	After    ID     // only posts older than this one; the zero ID starts with the newest post
	Before   ID     // only the posts right before this one in the list; not together with After
	Limit    int    // at most this many posts, at least 1
	AuthorID ID     // only posts of this author; the zero ID for all
	Tag      string // only posts with this tag; "" for all
	Words    Words  // only posts with these words; none for all
}

// PostLink is what a link to a post needs.
type PostLink struct {
	ID        ID
	Title     string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TagCount says how many posts have a tag.
type TagCount struct {
	Tag   string `json:"tag"`
	Posts int    `json:"posts"`
}

// FewLinks is how many links to posts cost no more than a page of posts.
const FewLinks = 101

// MaxTagCounts is how many tags are counted at most, those of the most posts.
const MaxTagCounts = 1_000

// PostRange selects posts by their ids, and so by the time of their creation.
type PostRange struct {
	From   ID   // only posts with this id or a later one; the zero ID starts with the oldest post
	Before ID   // only posts with an earlier id; the zero ID ends with the newest post
	Limit  int  // at most this many posts, at least 1
	Newest bool // the newest ones, newest first, instead of the oldest ones, oldest first
}
