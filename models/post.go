package models

import (
	"slices"
	"time"
)

// Post is an article of the blog.
type Post struct {
	ID        ID
	Title     string
	Content   string
	Tags      []string
	AuthorID  ID
	Author    *Author // nil once the author's account is gone
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Author is the public name of the user who wrote a post.
type Author struct {
	ID       ID
	Username string
}

// Equal returns whether p and q are the same post in the same state. It does not compare Author.
func (p *Post) Equal(q *Post) bool {
	return p.ID == q.ID && p.AuthorID == q.AuthorID && p.Title == q.Title && p.Content == q.Content &&
		slices.Equal(p.Tags, q.Tags) && p.CreatedAt.Equal(q.CreatedAt) && p.UpdatedAt.Equal(q.UpdatedAt)
}

// CheckMayChange returns nil if u may change or delete a post, which its author and admins may, or ErrNotAuthor.
func (u *User) CheckMayChange(p *Post) error {
	if u.ID != p.AuthorID && u.Role != RoleAdmin {
		return ErrNotAuthor
	}
	return nil
}

// PostChange holds the new values of a post. A nil field stays as it is.
type PostChange struct {
	Title     *string
	Content   *string
	Tags      *[]string
	UpdatedAt time.Time
	// IfUnchanged, if not nil, is the post as the caller has read it: change the post only if it is still the same.
	IfUnchanged *Post
}

// Text returns the change that gives another post the text of p: everything that a PostChange can set.
func (p *Post) Text() PostChange {
	return PostChange{Title: &p.Title, Content: &p.Content, Tags: &p.Tags}
}

// ChangesNothing returns whether p has all the new values already.
func (c PostChange) ChangesNothing(p *Post) bool {
	return (c.Title == nil || *c.Title == p.Title) &&
		(c.Content == nil || *c.Content == p.Content) &&
		(c.Tags == nil || slices.Equal(*c.Tags, p.Tags))
}

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
	UpdatedAt time.Time
}

// PagePath returns the path of the page that shows the post, as Post.PagePath does.
func (l *PostLink) PagePath() string { return pagePath(l.ID, l.Title) }

// PostRange selects posts by their ids, and so by the time of their creation.
type PostRange struct {
	From   ID  // only posts with this id or a later one; the zero ID starts with the oldest post
	Before ID  // only posts with an earlier id; the zero ID ends with the newest post
	Limit  int // at most this many posts, at least 1
}
