package mongodb

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// draft is a draft with what only this store knows of it. Drafts are in a collection that the tutorial's Express app
// does not know.
type draft struct {
	models.Draft
	// publishAtAsked is true once an author has asked gin-blog for a time. Only then does it publish a draft of another
	// program by itself.
	publishAtAsked bool
	// publishing is true, and publishingAs is the id of the post that the draft becomes, once the publishing has begun.
	// The draft is no longer changed then.
	publishing   bool
	publishingAs models.ID
}

func draftFields(d *draft) []field {
	return append([]field{
		{"_id", &d.ID, written},
		{"author", &d.AuthorID, written},
		{"publishAt", &d.PublishAt, null},
		{"createdAt", &d.CreatedAt, written},
		{"updatedAt", &d.UpdatedAt, written},
		{"publishAtAsked", &d.publishAtAsked, omitted},
		{"publishing", &d.publishing, omitted},
		{"publishingAs", &d.publishingAs, omitted},
	}, textFields(&d.Text)...)
}

// newDraft returns the draft of a document.
func newDraft(document bson.Raw) (d draft) {
	read(document, draftFields(&d))
	date(d.ID, &d.CreatedAt, &d.UpdatedAt)
	return d
}

// isBegun returns whether the publishing has begun.
func (d *draft) isBegun() bool { return d.publishing && !d.publishingAs.IsZero() }

// countMargin is how many drafts below the limit CreateDraft counts once more after it has inserted one. No more calls
// than that can be on their way from one process.
const countMargin = defaultMaxPool

// CreateDraft implements models.DraftStore. It counts before and, close to the limit, again after: of several calls at
// once, the last one to insert sees all the others, so no more than models.MaxDrafts are left.
func (s *Store) CreateDraft(ctx context.Context, d *models.Draft) error {
	return s.run(ctx, "create draft", func(ctx context.Context, c *collections) error {
		n, err := countDrafts(ctx, c, d.AuthorID)
		if err != nil {
			return err
		}
		if n >= models.MaxDrafts {
			return models.ErrTooManyDrafts
		}
		err = insertNew(ctx, c.drafts, d.ID, write(draftFields(&draft{Draft: *d})))
		if err != nil || n < models.MaxDrafts-countMargin {
			return err
		}
		if n, err = countDrafts(ctx, c, d.AuthorID); err != nil || n <= models.MaxDrafts {
			return err
		}
		_, err = deleteOne(ctx, c.drafts, d.ID, byID(d.ID))
		return cmp.Or(err, models.ErrTooManyDrafts)
	})
}

// countDrafts returns how many drafts an author has, at most one more than models.MaxDrafts. Those of other programs do
// not count, but the server must look at each draft to tell, so it does that only if there are many.
func countDrafts(ctx context.Context, c *collections, author models.ID) (n int64, err error) {
	for _, filter := range []bson.D{draftsOf(author), append(maybeDraft(), draftsOf(author)...)} {
		n, err = c.drafts.CountDocuments(ctx, filter, options.Count().SetLimit(models.MaxDrafts+1))
		if err != nil || n < models.MaxDrafts {
			break
		}
	}
	return n, err
}

// draftsOf selects the drafts of an author.
func draftsOf(author models.ID) bson.D { return bson.D{{Key: "author", Value: author}} }

// DraftByID implements models.DraftStore.
func (s *Store) DraftByID(ctx context.Context, id models.ID) (*models.Draft, error) {
	return get(ctx, s, "find draft", func(ctx context.Context, c *collections) (*models.Draft, error) {
		_, d, err := findDraft(ctx, c, id)
		if err != nil {
			return nil, err
		}
		return &d.Draft, nil
	})
}

// findDraft returns a draft, and the document that holds it, or models.ErrDraftNotFound.
func findDraft(ctx context.Context, c *collections, id models.ID) (bson.Raw, *draft, error) {
	stored, err := c.drafts.FindOne(ctx, byID(id)).Raw()
	if err != nil {
		return nil, nil, missing(err, models.ErrDraftNotFound)
	}
	return stored, new(newDraft(stored)), nil
}

// Drafts implements models.DraftStore.
func (s *Store) Drafts(ctx context.Context, f models.DraftFilter) (drafts []models.Draft, more bool, err error) {
	find := func(ctx context.Context, c *collections) (*models.Page[models.Draft], error) {
		cursor, err := c.drafts.Find(ctx, append(draftsOf(f.AuthorID), olderThan(f.After)...), pageOf(f.Limit, -1))
		record := func(document bson.Raw) models.Draft { return newDraft(document).Draft }
		return findPage(ctx, cursor, err, f.Limit, record, nil)
	}
	page, err := get(ctx, s, "list drafts", find)
	return rowsOf(page, false, err)
}

func (s *Store) draftEntry(ctx context.Context, c *collections, id models.ID) *entry[draft] {
	find := func() (bson.Raw, *draft, error) { return findDraft(ctx, c, id) }
	return &entry[draft]{s, c.drafts, id, draftFields, find}
}

// UpdateDraft implements models.DraftStore.
func (s *Store) UpdateDraft(
	ctx context.Context, id models.ID, change func(*models.Draft) error,
) (*models.Draft, error) {
	return get(ctx, s, "update draft", func(ctx context.Context, c *collections) (*models.Draft, error) {
		changed, err := s.draftEntry(ctx, c, id).update(ctx, func(d *draft) error {
			if d.isBegun() {
				return models.ErrDraftPublishing
			}
			changed := d.Draft
			if err := change(&changed); err != nil {
				return err
			}
			d.publishAtAsked = d.publishAtAsked || !changed.PublishAt.Equal(d.PublishAt)
			d.Text, d.PublishAt, d.UpdatedAt = changed.Text, changed.PublishAt, changed.UpdatedAt
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &changed.Draft, nil
	})
}

// DeleteDraft implements models.DraftStore.
func (s *Store) DeleteDraft(ctx context.Context, id models.ID, check func(*models.Draft) error) error {
	return s.run(ctx, "delete draft", func(ctx context.Context, c *collections) error {
		mayGo := func(d *draft) error {
			if d.isBegun() {
				return models.ErrDraftPublishing
			}
			return check(&d.Draft)
		}
		return s.draftEntry(ctx, c, id).remove(ctx, mayGo, deleteOne)
	})
}

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
	ctx context.Context, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) (post *models.Post, created bool, err error) {
	err = s.run(ctx, "publish draft", func(ctx context.Context, c *collections) error {
		post, created, err = s.publishDraft(ctx, c, id, author, publish)
		if errors.Is(err, models.ErrDraftNotFound) { // perhaps it was published before
			post, err = publishedPost(ctx, c, author, id)
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return post, created, nil
}

// publishDraft is PublishDraft for a draft that still exists. It is none of our business if its author does not, unless
// the account was deleted: then the draft is about to be swept.
func (s *Store) publishDraft(
	ctx context.Context, c *collections, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) (post *models.Post, created bool, err error) {
	authors, err := findAuthors(ctx, c, author)
	if err != nil {
		return nil, false, err
	}
	if authors[author] == nil {
		wasDeleted, err := isNoted(ctx, c.deletedUsers, "user", author)
		if err == nil && !wasDeleted {
			err = models.ErrUserNotFound
		}
		return nil, false, cmp.Or(err, models.ErrDraftNotFound)
	}
	post, isNew, err := s.markDraft(ctx, c, id, author, publish)
	if err != nil {
		return nil, false, err
	}
	if !isNew { // it may have existed
		wasDeleted, err := isNoted(ctx, c.deletedPosts, "post", post.ID)
		if wasDeleted {
			_, err = c.drafts.DeleteOne(ctx, byID(id))
		}
		if err != nil || wasDeleted {
			return nil, false, cmp.Or(err, models.ErrDraftNotFound)
		}
	}
	post.Author = authors[author]
	if post, created, err = createMarked(ctx, c, id, post); err != nil {
		return nil, false, err
	}
	return post, created, removePublished(ctx, c, id, post.ID, created)
}

// removePublished removes a draft that has become a post. If this call created the post, and the draft is gone, another
// call had published it before: if its post was deleted since, the new one goes too.
func removePublished(ctx context.Context, c *collections, draft, post models.ID, created bool) error {
	counted, sent := countSent(ctx)
	result, err := c.drafts.DeleteOne(counted, byID(draft))
	if err != nil || !created || result.DeletedCount > 0 || *sent > 1 {
		return err
	}
	wasDeleted, err := isNoted(ctx, c.deletedPosts, "post", post)
	if err != nil || !wasDeleted {
		return err
	}
	_, err = c.posts.DeleteOne(ctx, byID(post))
	return cmp.Or(err, models.ErrDraftNotFound)
}

// markDraft marks a draft as being published, unless it is so already, in which case publish is not asked. It returns
// the post that the draft becomes, and whether the mark is new.
func (s *Store) markDraft(
	ctx context.Context, c *collections, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) (post *models.Post, isNew bool, err error) {
	newest, err := newestID(ctx, c.posts)
	if err != nil {
		return nil, false, err
	}
	e := s.draftEntry(ctx, c, id)
	e.find = func() (bson.Raw, *draft, error) {
		stored, d, err := findDraft(ctx, c, id)
		if err != nil || d.AuthorID != author {
			return nil, nil, cmp.Or(err, models.ErrDraftNotFound)
		}
		d.Foreign = !wroteDraft(stored)
		return stored, d, nil
	}
	d, err := e.update(ctx, func(d *draft) (err error) {
		if isNew = !d.isBegun(); !isNew {
			post = d.Post(slices.MaxFunc([]time.Time{d.UpdatedAt, d.publishingAs.Timestamp()}, time.Time.Compare))
			return nil
		}
		read := d.Draft
		if post, err = publish(&read); err != nil {
			return err
		}
		d.publishing, d.publishingAs = true, models.IDAfter(post.ID, newest)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	post.ID = d.publishingAs
	return post, isNew, nil
}

// createMarked creates the post of a draft that is marked, or finds it.
func createMarked(
	ctx context.Context, c *collections, draft models.ID, p *models.Post,
) (post *models.Post, created bool, err error) {
	key := models.DraftKey(draft)
	counted, sent := countSent(ctx)
	_, refusal := c.posts.InsertOne(counted, postDocument(p, key.Kept()))
	if mongo.IsDuplicateKeyError(refusal) || hasCode(refusal, documentValidationFailure) {
		post, err = publishedPost(ctx, c, p.AuthorID, draft)
		if !errors.Is(err, models.ErrDraftNotFound) {
			return post, *sent > 1 && err == nil && post.CreatedAt.Equal(p.CreatedAt), err
		}
		// The database takes no such post, so its author gets the draft back.
		marked := append(byID(draft), bson.E{Key: "publishingAs", Value: p.ID})
		mark := bson.D{{Key: "publishing", Value: ""}, {Key: "publishingAs", Value: ""}}
		_, err = c.drafts.UpdateOne(ctx, marked, bson.D{{Key: "$unset", Value: mark}})
	}
	if err = errors.Join(refusal, err); err != nil {
		return nil, false, err
	}
	return p, true, nil
}

// publishedPost returns the post that a draft has become, with its author, or models.ErrDraftNotFound.
func publishedPost(ctx context.Context, c *collections, author, draft models.ID) (*models.Post, error) {
	stored, err := documentByKey(ctx, c, c.posts, author, models.DraftKey(draft))
	if err != nil || stored == nil {
		return nil, cmp.Or(err, models.ErrDraftNotFound)
	}
	_, post, err := findPost(ctx, c, c.posts, documentID(stored))
	return post, err
}

// DueDrafts implements models.DraftStore. MongoDB sorts drafts without a time first.
func (s *Store) DueDrafts(
	ctx context.Context, at time.Time, after models.DueDraft, limit int,
) ([]models.DueDraft, error) {
	page := only("author", "publishAt").SetSort(bson.D{{Key: "publishAt", Value: 1}, {Key: "_id", Value: 1}}).
		SetLimit(int64(limit))
	return get(ctx, s, "find due drafts", func(ctx context.Context, c *collections) ([]models.DueDraft, error) {
		cursor, err := c.drafts.Find(ctx, dueAfter(at, after), page)
		return findAll(ctx, cursor, err, func(document bson.Raw) models.DueDraft {
			d := newDraft(document)
			return models.DueDraft{ID: d.ID, AuthorID: d.AuthorID, PublishAt: d.PublishAt}
		})
	})
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
