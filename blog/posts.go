package blog

import (
	"cmp"
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"gin-blog/models"
)

// ErrNotAuthor says that somebody else wrote a post.
var ErrNotAuthor = models.NewError(models.Forbidden, "Only the author may change this post")

// MayChange returns nil if u may change or delete a post, which its author and admins may, or ErrNotAuthor.
func MayChange(u *models.User, p *models.Post) error {
	if u.ID != p.AuthorID && u.Role != models.RoleAdmin {
		return ErrNotAuthor
	}
	return nil
}

// CreatePost creates a post of the caller. With a key, which may be "", the same text makes one post however often it
// is sent within 24 hours: then CreatePost returns the post of the first time, and isNew is false. It returns
// models.ErrKeyReused for another text with the same key.
func (b *Blog) CreatePost(
	ctx context.Context, call Call, text models.Text, key string,
) (post *models.Post, isNew bool, err error) {
	if err := text.Clean(nil); err != nil {
		return nil, false, err
	}
	now := b.now()
	post = &models.Post{
		ID: models.NewID(), Text: text, AuthorID: call.User.ID, Author: call.User.AsAuthor(), CreatedAt: now, UpdatedAt: now,
	}
	idempotency, err := b.idempotency(key, text)
	if err != nil {
		return nil, false, err
	}
	if err := call.reserve(post.Size()); err != nil {
		return nil, false, err
	}
	existing, err := b.Store.CreatePost(ctx, post, idempotency)
	if err != nil {
		return nil, false, err
	}
	if existing != nil {
		return existing, false, nil
	}
	return post, true, nil
}

// FindTag returns the tag that somebody names: as models.FoldTag returns it, unless another program has stored it as it
// was named.
func (b *Blog) FindTag(ctx context.Context, named string) (string, error) {
	tag := models.FoldTag(named)
	if tag == named {
		return tag, nil
	}
	posts, _, err := b.Store.Posts(ctx, models.PostFilter{Tag: named, Limit: 1})
	if len(posts) > 0 {
		tag = named
	}
	return tag, err
}

// UpdatePost changes the text of a post. What changes nothing leaves the post as it is. change may be called several
// times. Its error is returned unless the precondition of the call does not hold.
func (b *Blog) UpdatePost(
	ctx context.Context, call Call, id models.ID, change func(*models.Post) error,
) (*models.Post, error) {
	return b.Store.UpdatePost(ctx, id, func(p *models.Post) error {
		if err := MayChange(call.User, p); err != nil {
			return err
		}
		before := *p
		refusal := change(p)
		if err := p.Clean(&before.Text); err != nil {
			return err
		}
		unchanged := p.Text.Equal(before.Text)
		err := cmp.Or(call.check(State{before.Version, before.UpdatedAt, unchanged}), refusal)
		if err != nil || unchanged {
			return err
		}
		p.UpdatedAt = models.ChangedAt(b.Now(), p.UpdatedAt)
		return call.reserve(p.Size())
	})
}

// DeletePost deletes a post with its comments.
func (b *Blog) DeletePost(ctx context.Context, call Call, id models.ID) error {
	return b.Store.DeletePost(ctx, id, func(p *models.Post) error {
		if err := MayChange(call.User, p); err != nil {
			return err
		}
		return call.check(State{Version: p.Version, UpdatedAt: p.UpdatedAt})
	})
}

// idempotency returns what a key that is sent now with this content stands for, or nil for no key.
func (b *Blog) idempotency(key string, content any) (*models.Idempotency, error) {
	if key == "" {
		return nil, nil
	}
	canonical, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("fingerprint request: %w", err)
	}
	return models.NewIdempotency(key, canonical, b.now()), nil
}
