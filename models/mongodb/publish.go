package mongodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// markAttempts is how often PublishDraft tries to mark a draft that others change at the same time.
const markAttempts = 5

// PublishDraft implements models.DraftStore, also on a server without transactions, in three writes:
//
//  1. It marks the draft with the id of the post. From here on the draft can no longer be changed or deleted, and
//     DueDrafts finds it.
//  2. It creates the post with that id. If another call was first, it finds that post.
//  3. It removes the draft.
//
// Whoever finds the mark goes on with step 2, so a crash delays the post and loses nothing. The post also has a key
// that only this draft has, by which a later call finds it.
func (s *Store) PublishDraft(
	ctx context.Context, id, author models.ID, p models.Publication,
) (post *models.Post, created bool, err error) {
	err = s.run(ctx, "publish draft", func(ctx context.Context, c *collections) error {
		post, created, err = publishDraft(ctx, c, id, author, p)
		if errors.Is(err, models.ErrDraftNotFound) { // perhaps it was published before
			post, err = publishedPost(ctx, c, author, id)
			if err == nil && post == nil {
				return models.ErrDraftNotFound
			}
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return post, created, nil
}

// publishDraft is PublishDraft for a draft that still exists.
func publishDraft(
	ctx context.Context, c *collections, id, author models.ID, p models.Publication,
) (post *models.Post, created bool, err error) {
	if p.IfDue { // nobody asks for this very draft
		stored, err := storedDraft(ctx, c, id, author)
		if err != nil {
			return nil, false, err
		}
		if !wroteDraft(stored) {
			return nil, false, models.ErrForeignDraft
		}
	}
	authors, err := findAuthors(ctx, c, author)
	if err != nil {
		return nil, false, err
	}
	if authors[author] == nil {
		return nil, false, draftWithoutAuthor(ctx, c, author)
	}
	d, isNew, err := markDraft(ctx, c, id, author, p)
	if err == nil && !isNew {
		err = checkNotDeleted(ctx, c, d.PublishingAs)
	}
	if err == nil {
		post, created, err = createMarked(ctx, c, &d, authors, p.At)
	}
	if err != nil && !errors.Is(err, errPostDeleted) {
		return nil, false, err
	}
	return post, created, cmp.Or(removePublished(ctx, c, &d, created), err)
}

// errPostDeleted says that a draft has become a post before, which was deleted.
var errPostDeleted = fmt.Errorf("%w: it was published, and its post deleted", models.ErrDraftNotFound)

// draftWithoutAuthor returns why a draft whose author does not exist is not published: either the account was deleted,
// and the draft is about to be swept, or it is none of our business.
func draftWithoutAuthor(ctx context.Context, c *collections, author models.ID) error {
	noted, err := isNoted(ctx, c.deletedUsers, "user", author)
	switch {
	case err != nil:
		return err
	case noted:
		return models.ErrDraftNotFound
	}
	return models.ErrUserNotFound
}

// checkNotDeleted returns errPostDeleted if somebody deletes the post with this id, or has deleted it. It existed then.
func checkNotDeleted(ctx context.Context, c *collections, post models.ID) error {
	deleted, err := isNoted(ctx, c.deletedPosts, "post", post)
	if err == nil && deleted {
		return errPostDeleted
	}
	return err
}

// removePublished removes a draft that has become a post. If this call created the post, and the draft is gone, another
// call had published it before: if its post was deleted since, the new one goes too.
func removePublished(ctx context.Context, c *collections, d *draftDocument, created bool) error {
	counted, sent := countSent(ctx)
	result, err := c.drafts.DeleteOne(counted, byID(d.ID))
	if err != nil || !created || result.DeletedCount > 0 || *sent > 1 {
		return err
	}
	err = checkNotDeleted(ctx, c, d.PublishingAs)
	if errors.Is(err, errPostDeleted) {
		_, deletion := c.posts.DeleteOne(ctx, byID(d.PublishingAs))
		return cmp.Or(deletion, err)
	}
	return err
}

// markDraft marks a draft as being published and returns it as it is from then on, and whether the mark is new. It
// returns the errors of models.Publication.Check, unless the draft is marked already.
func markDraft(
	ctx context.Context, c *collections, id, author models.ID, p models.Publication,
) (d draftDocument, isNew bool, err error) {
	condition := bson.D{{Key: "content", Value: notEmpty()}}
	if p.IfDue {
		condition = append(condition, bson.E{Key: "publishAt", Value: notAfter(p.At)})
	}
	unmarked := append(draftOf(author, id), bson.E{Key: "publishing", Value: true},
		bson.E{Key: "publishingAs", Value: nil}, // by a version of gin-blog that chose the id later
		bson.E{Key: "content", Value: notEmpty()})
	newest, err := newestID(ctx, c.posts)
	if err != nil {
		return d, false, err
	}
	postID := models.IDAfter(models.NewID(), newest)
	mark := set(bson.E{Key: "publishing", Value: true}, bson.E{Key: "publishingAs", Value: postID})
	for range markAttempts {
		filter, err := c.editableDraft(ctx, id, author, p.IfUnchanged, condition)
		if err == nil {
			err = c.drafts.FindOneAndUpdate(ctx, bson.D{{Key: "$or", Value: bson.A{filter, unmarked}}}, mark, returnNew()).
				Decode(&d)
		}
		if !errors.Is(err, mongo.ErrNoDocuments) && !errors.Is(err, models.ErrDraftChanged) {
			return d, true, err
		}
		if d, err = findDraft(ctx, c, id, author); err != nil || !d.PublishingAs.IsZero() {
			return d, false, err
		}
		if err := p.Check(d.draft()); err != nil {
			return d, false, err
		}
		// It has changed since the update looked at it, and could be published now.
	}
	return d, false, models.ErrDraftChanged
}

// createMarked creates the post of a draft that is marked, or finds it.
func createMarked(
	ctx context.Context, c *collections, d *draftDocument, authors map[models.ID]*models.Author, at time.Time,
) (post *models.Post, created bool, err error) {
	newPost := d.draft().Post(at)
	newPost.ID = d.PublishingAs
	document := newPostDocument(newPost)
	document.Key = newKeyFields(models.DraftKey(d.ID))
	counted, sent := countSent(ctx)
	_, refusal := c.posts.InsertOne(counted, document)
	if isRefused(refusal) {
		post, err = publishedPost(ctx, c, d.Author, d.ID)
		if err != nil || post != nil {
			return post, *sent > 1 && err == nil && post.CreatedAt.Equal(at), err
		}
		// The database takes no such post, so its author gets the draft back.
		marked := append(byID(d.ID), bson.E{Key: "publishingAs", Value: d.PublishingAs})
		fields := bson.D{{Key: "publishing", Value: ""}, {Key: "publishingAs", Value: ""}}
		_, err = c.drafts.UpdateOne(ctx, marked, bson.D{{Key: "$unset", Value: fields}})
	}
	if err = errors.Join(refusal, err); err != nil {
		return nil, false, err
	}
	return new(document.post(authors)), true, nil
}

// publishedPost returns the post that a draft has become, with its author, or nil.
func publishedPost(ctx context.Context, c *collections, author, draft models.ID) (*models.Post, error) {
	stored, err := documentByKey(ctx, c.posts, author, models.DraftKey(draft), neverGone)
	if err != nil || stored == nil {
		return nil, err
	}
	return postWithAuthor(ctx, c, stored)
}

// DueDrafts implements models.DraftStore. MongoDB sorts drafts without a time first.
func (s *Store) DueDrafts(
	ctx context.Context, at time.Time, after models.DueDraft, limit int,
) (due []models.DueDraft, err error) {
	page := options.Find().SetSort(bson.D{{Key: "publishAt", Value: 1}, {Key: "_id", Value: 1}}).SetLimit(int64(limit)).
		SetProjection(bson.D{{Key: "author", Value: 1}, {Key: "publishAt", Value: 1}})
	err = s.run(ctx, "find due drafts", func(ctx context.Context, c *collections) error {
		cursor, err := c.drafts.Find(ctx, dueAfter(at, after), page)
		documents, err := findAll[draftDocument](ctx, cursor, err)
		for i := range documents {
			d := models.DueDraft{ID: documents[i].ID, AuthorID: documents[i].Author}
			if at := documents[i].PublishAt; at != nil {
				d.PublishAt = *at
			}
			due = append(due, d)
		}
		return err
	})
	return due, err
}

// dueAfter selects the drafts that are due at a time, and follow after.
func dueAfter(at time.Time, after models.DueDraft) bson.D {
	follows := newerThan(after.ID)
	if !after.ID.IsZero() {
		later, same := ofType("date"), any(nil)
		if !after.PublishAt.IsZero() {
			later, same = bson.D{{Key: "$gt", Value: after.PublishAt}}, after.PublishAt
		}
		follows = bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: "publishAt", Value: later}},
			append(bson.D{{Key: "publishAt", Value: same}}, follows...),
		}}}
	}
	isDue := bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "publishing", Value: true}, {Key: "publishingAs", Value: ofType("objectId")}},
		append(maybeDraft(), bson.E{Key: "publishing", Value: true}),
		bson.D{{Key: "publishAt", Value: notAfter(at)}, {Key: "publishAtAsked", Value: true}},
		append(maybeDraft(), bson.E{Key: "publishAt", Value: notAfter(at)}),
	}}}
	return bson.D{{Key: "$and", Value: bson.A{isDue, follows}}}
}

// notAfter selects times up to a time. The index covers times only, and the server uses it only if the filter says so
// too.
func notAfter(t time.Time) bson.D {
	return bson.D{{Key: "$type", Value: "date"}, {Key: "$lte", Value: t}}
}
