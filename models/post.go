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
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Author is what a post shows of the user who wrote it.
type Author struct {
	ID       ID
	Username string
}

// PostChange is what changes about a post; nil leaves a field as it is.
type PostChange struct {
	Title     *string
	Content   *string
	Tags      *[]string
	UpdatedAt time.Time
}

// PostFilter selects a page of the list of posts.
type PostFilter struct {
	After ID  // only posts older than this one; the zero ID starts with the newest
	Limit int // at most so many posts
}
