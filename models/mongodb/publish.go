package mongodb

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

const (
	// markAttempts is how often PublishDraft tries to mark a draft that others change at the same time.
	markAttempts = 5
	// sweepStep is how many drafts sweepDrafts looks at in one round trip.
	sweepStep = 1000
)

// PublishDraft implements models.DraftStore, also on a server without transactions, in three writes:
//
//  1. It marks the draft. From here on the draft can no longer be changed or deleted, and DueDrafts finds it.
//  2. It creates the post, under a key that only this draft has. If another call was first, it finds that post.
//  3. It removes the draft.
//
// Whoever finds the mark goes on with step 2, so a crash delays the post and loses nothing. The key has no time limit:
// the draft may have been marked long ago.
func (s *Store) PublishDraft(
	ctx context.Context, id, author models.ID, p models.Publication,
) (post *models.Post, created bool, err error) {
	key := models.DraftKey(id)
	err = s.run(ctx, "publish draft", func(ctx context.Context, c *collections) error {
		authors, err := findAuthors(ctx, c, author)
		if err != nil {
			return err
		}
		if authors[author] == nil { // the account was deleted, and the process crashed before it removed the drafts
			if _, err := c.drafts.DeleteMany(ctx, draftsOf(author)); err != nil {
				return err
			}
			return models.ErrDraftNotFound
		}
		d, err := markDraft(ctx, c, id, author, p)
		if errors.Is(err, models.ErrDraftNotFound) { // perhaps it was published before
			stored, err := documentByKey(ctx, c.posts, author, key, neverGone)
			if err != nil {
				return err
			}
			if stored == nil {
				return models.ErrDraftNotFound
			}
			post, err = postWithAuthor(ctx, c, stored)
			return err
		}
		if err != nil {
			return err
		}
		newPost := d.draft().Post(p.At)
		if post, err = createPost(ctx, c, newPost, key); err != nil {
			return err
		}
		if created = post == nil; created {
			newPost.Author = authors[author]
			post = newPost
		}
		_, err = c.drafts.DeleteOne(ctx, byID(id))
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return post, created, nil
}

// markDraft marks a draft as being published and returns it as it is from then on. It returns the errors of
// models.Publication.Check, unless the draft is marked already.
func markDraft(
	ctx context.Context, c *collections, id, author models.ID, p models.Publication,
) (d draftDocument, err error) {
	condition := bson.D{{Key: "content", Value: notEmpty()}}
	if p.IfDue {
		condition = append(condition, bson.E{Key: "publishAt", Value: notAfter(p.At)})
	}
	filter := editableDraft(author, id, p.IfUnchanged, condition)
	mark := set(bson.E{Key: "publishing", Value: true})
	for range markAttempts {
		err = c.drafts.FindOneAndUpdate(ctx, filter, mark, returnNew()).Decode(&d)
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return d, err
		}
		if d, err = findDraft(ctx, c, id, author); err != nil || d.Publishing {
			return d, err
		}
		if err := p.Check(d.draft()); err != nil {
			return d, err
		}
		// It has changed since the update looked at it, and could be published now.
	}
	return d, models.ErrDraftChanged
}

// DueDrafts implements models.DraftStore.
func (s *Store) DueDrafts(ctx context.Context, at time.Time, limit int) (due []models.DueDraft, err error) {
	filter := bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "publishing", Value: true}},
		bson.D{{Key: "publishAt", Value: notAfter(at)}},
	}}}
	page := options.Find().SetSort(bson.D{{Key: "publishAt", Value: 1}}).SetLimit(int64(limit)).
		SetProjection(bson.D{{Key: "author", Value: 1}})
	err = s.run(ctx, "find due drafts", func(ctx context.Context, c *collections) error {
		cursor, err := c.drafts.Find(ctx, filter, page)
		documents, err := findAll[draftDocument](ctx, cursor, err)
		for i := range documents {
			due = append(due, models.DueDraft{ID: documents[i].ID, AuthorID: documents[i].Author})
		}
		return err
	})
	return due, err
}

// notAfter selects times up to a time. The index covers times only, and the server uses it only if the filter says so
// too.
func notAfter(t time.Time) bson.D {
	return bson.D{{Key: "$type", Value: "date"}, {Key: "$lte", Value: t}}
}

// sweepDrafts removes the drafts of accounts that were deleted. A crash right after the deletion of an account leaves
// them. If it fails, the next start makes up for it.
func (s *Store) sweepDrafts(ctx context.Context, c *collections) {
	var last models.ID
	for {
		page := options.Find().SetSort(bson.D{{Key: "author", Value: 1}}).SetLimit(sweepStep).
			SetProjection(bson.D{{Key: "author", Value: 1}})
		cursor, err := c.drafts.Find(ctx, bson.D{{Key: "author", Value: bson.D{{Key: "$gt", Value: last}}}}, page)
		drafts, err := findAll[draftDocument](ctx, cursor, err)
		if err != nil || len(drafts) == 0 {
			return
		}
		ids := idsOf(drafts, func(d *draftDocument) models.ID { return d.Author })
		last = ids[len(ids)-1]
		authors, err := findAuthors(ctx, c, ids...)
		if err != nil {
			return
		}
		for _, id := range ids {
			if authors[id] != nil {
				continue
			}
			if _, err := c.drafts.DeleteMany(ctx, draftsOf(id)); err != nil {
				return
			}
		}
	}
}
