package mongodb

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

var _ models.Bulk = (*Store)(nil)

// table implements models.Table.
type table[T models.Record] struct {
	store *Store
	name  string
	in    func(*collections) *mongo.Collection
	// filter selects the documents that are records, besides the order of their ids.
	filter bson.D
	// decode reads a document.
	decode func(bson.Raw) (T, error)
	// complete, if not nil, returns the records of a page that count, with what other collections say about them.
	complete func(ctx context.Context, c *collections, records []T) ([]T, error)
	encode   func(*T) any
}

// UserTable implements models.Bulk.
func (s *Store) UserTable() models.Table[models.User] {
	return &table[models.User]{
		store: s, name: "users",
		in: func(c *collections) *mongo.Collection { return c.users },
		decode: func(raw bson.Raw) (models.User, error) {
			var d userDocument
			err := d.UnmarshalBSON(raw)
			return *d.user(), err
		},
		encode: func(u *models.User) any { return newUserDocument(u) },
	}
}

// SessionTable implements models.Bulk.
func (s *Store) SessionTable(liveAt time.Time) models.Table[models.Session] {
	return &table[models.Session]{
		store: s, name: "sessions",
		in:     func(c *collections) *mongo.Collection { return c.sessions },
		filter: append(ownSession(), notExpired(liveAt)),
		decode: func(raw bson.Raw) (models.Session, error) {
			var d sessionDocument
			err := d.UnmarshalBSON(raw)
			return *d.session(), err
		},
		complete: ownedSessions,
		encode:   func(session *models.Session) any { return newSessionDocument(session) },
	}
}

// PostTable implements models.Bulk.
func (s *Store) PostTable() models.Table[models.KeptPost] {
	return &table[models.KeptPost]{
		store: s, name: "posts",
		in: func(c *collections) *mongo.Collection { return c.posts },
		decode: func(raw bson.Raw) (models.KeptPost, error) {
			var d postDocument
			err := d.UnmarshalBSON(raw)
			return models.KeptPost{Post: d.post(nil), KeptKey: keptKey(raw)}, err
		},
		encode: func(p *models.KeptPost) any {
			d := newPostDocument(&p.Post)
			d.Key = keyFields(p.KeptKey)
			return d
		},
	}
}

// CommentTable implements models.Bulk.
func (s *Store) CommentTable() models.Table[models.KeptComment] {
	return &table[models.KeptComment]{
		store: s, name: "comments",
		in: func(c *collections) *mongo.Collection { return c.comments },
		decode: func(raw bson.Raw) (models.KeptComment, error) {
			var d commentDocument
			err := d.UnmarshalBSON(raw)
			return models.KeptComment{Comment: d.comment(nil, models.ID{}), KeptKey: keptKey(raw)}, err
		},
		complete: commentsOnPosts,
		encode: func(c *models.KeptComment) any {
			d := newCommentDocument(&c.Comment)
			d.Key = keyFields(c.KeptKey)
			return d
		},
	}
}

// DraftTable implements models.Bulk.
func (s *Store) DraftTable() models.Table[models.Draft] {
	return &table[models.Draft]{
		store: s, name: "drafts",
		in: func(c *collections) *mongo.Collection { return c.drafts },
		decode: func(raw bson.Raw) (models.Draft, error) {
			var d draftDocument
			err := d.UnmarshalBSON(raw)
			draft := d.draft()
			if !wroteDraft(raw) || draft.Content == "" { // it does not publish itself, there or here
				draft.PublishAt = time.Time{}
			}
			return *draft, err
		},
		complete: pendingDrafts,
		encode:   func(d *models.Draft) any { return newDraftDocument(d) },
	}
}

// Name implements models.Table.
func (t *table[T]) Name() string { return t.name }

// Count implements models.Table. The server knows the number from its metadata.
func (t *table[T]) Count(ctx context.Context) (n int, err error) {
	err = t.store.run(ctx, "count "+t.name, func(ctx context.Context, c *collections) error {
		count, err := t.in(c).EstimatedDocumentCount(ctx)
		n = int(count)
		return err
	})
	return n, err
}

// Last implements models.Table. MongoDB sorts ids by type first: if the first and the last one are ObjectIDs, all are.
func (t *table[T]) Last(ctx context.Context) (id models.ID, foreign bool, err error) {
	err = t.store.run(ctx, "find last of "+t.name, func(ctx context.Context, c *collections) error {
		for _, order := range []int{1, -1} {
			end, err := outermost(ctx, t.in(c), bson.D{}, order)
			if err != nil {
				return err
			}
			foreign = foreign || end.Type != 0 && end.Type != bson.TypeObjectID
		}
		id, err = newestID(ctx, t.in(c))
		return err
	})
	return id, foreign, err
}

// newestID returns the greatest id that is an ObjectID, or the zero ID if there is none.
func newestID(ctx context.Context, c *mongo.Collection) (models.ID, error) {
	last, err := outermost(ctx, c, newerThan(models.ID{}), -1)
	id, _ := last.ObjectIDOK()
	return models.ID(id), err
}

// outermost returns the id of the first document that filter selects, or of the last one if order is -1. It returns the
// zero RawValue if there is none.
func outermost(ctx context.Context, c *mongo.Collection, filter bson.D, order int) (bson.RawValue, error) {
	find := options.FindOne().SetSort(bson.D{{Key: "_id", Value: order}}).SetProjection(onlyID())
	raw, err := c.FindOne(ctx, filter, find).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return bson.RawValue{}, nil
	}
	return raw.Lookup("_id"), err
}

// Read implements models.Table.
func (t *table[T]) Read(ctx context.Context, after models.ID, limit int) (records []T, next models.ID, err error) {
	err = t.store.run(ctx, "read "+t.name, func(ctx context.Context, c *collections) error {
		page, err := t.readPage(ctx, c, after, limit)
		if err != nil {
			return err
		}
		records = page.Rows
		if page.More {
			next = records[len(records)-1].RecordID()
		}
		if t.complete != nil {
			records, err = t.complete(ctx, c, records)
		}
		return err
	})
	if err != nil {
		return nil, models.ID{}, err
	}
	return records, next, nil
}

// readPage returns the documents that follow after.
func (t *table[T]) readPage(
	ctx context.Context, c *collections, after models.ID, limit int,
) (*models.Page[T], error) {
	find := oldestFirst(limit + 1).SetBatchSize(int32(limit + 1))
	cursor, err := t.in(c).Find(ctx, append(newerThan(after), t.filter...), find)
	if err != nil {
		return nil, err
	}
	defer closeCursor(ctx, cursor)
	page := models.NewPage[T](limit)
	for cursor.Next(ctx) {
		record, err := t.decode(cursor.Current)
		if err != nil {
			return nil, err
		}
		if !page.Reserve(record.Size()) {
			return page, nil
		}
		page.Rows = append(page.Rows, record)
	}
	return page, cursor.Err()
}

// Insert implements models.Table. It stores the records in their order, until one is refused.
func (t *table[T]) Insert(ctx context.Context, records []T) error {
	documents := make([]any, len(records))
	for i := range records {
		documents[i] = t.encode(&records[i])
	}
	return t.store.run(ctx, "insert into "+t.name, func(ctx context.Context, c *collections) error {
		_, err := t.in(c).InsertMany(ctx, documents)
		return err
	})
}

// ownedSessions returns the sessions that no change of the password has ended, with the PasswordVersion of today: the
// session that a change kept has the one from before.
func ownedSessions(ctx context.Context, c *collections, sessions []models.Session) ([]models.Session, error) {
	ids := idsOf(sessions, func(session *models.Session) models.ID { return session.UserID })
	cursor, err := c.users.Find(ctx, anyOf(ids),
		options.Find().SetProjection(bson.D{{Key: "passwordVersion", Value: 1}, {Key: "keptSession", Value: 1}}))
	users, err := findAll[userDocument](ctx, cursor, err)
	if err != nil {
		return nil, err
	}
	byUser := make(map[models.ID]*userDocument, len(users))
	for i := range users {
		byUser[users[i].ID] = &users[i]
	}
	owned := sessions[:0]
	for i := range sessions {
		owner := byUser[sessions[i].UserID]
		if owner == nil || !owner.owns(sessions[i].ID, sessions[i].PasswordVersion) {
			continue
		}
		sessions[i].PasswordVersion = owner.PasswordVersion
		owned = append(owned, sessions[i])
	}
	return owned, nil
}

// commentsOnPosts returns the comments whose post exists.
func commentsOnPosts(
	ctx context.Context, c *collections, comments []models.KeptComment,
) ([]models.KeptComment, error) {
	ids := idsOf(comments, func(comment *models.KeptComment) models.ID { return comment.PostID })
	posts, err := postAuthors(ctx, c.posts, ids...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(comments, func(comment models.KeptComment) bool {
		_, exists := posts[comment.PostID]
		return !exists
	}), nil
}

// pendingDrafts returns the drafts of authors who exist, without those that have a post already. A draft whose
// publishing was interrupted before that becomes a due one.
func pendingDrafts(ctx context.Context, c *collections, drafts []models.Draft) ([]models.Draft, error) {
	ids := idsOf(drafts, func(d *models.Draft) models.ID { return d.ID })
	authors, err := findAuthors(ctx, c, idsOf(drafts, func(d *models.Draft) models.ID { return d.AuthorID })...)
	if err != nil {
		return nil, err
	}
	cursor, err := c.drafts.Find(ctx, append(anyOf(ids), bson.E{Key: "publishing", Value: true}))
	marked, err := findAll[bson.Raw](ctx, cursor, err)
	if err != nil {
		return nil, err
	}
	isMarked := make(map[models.ID]bool, len(marked))
	for _, raw := range marked {
		isMarked[idField(raw, "_id")] = wroteDraft(raw)
	}
	pending := drafts[:0]
	for _, d := range drafts {
		if authors[d.AuthorID] == nil {
			continue
		}
		if isMarked[d.ID] {
			post, err := documentByKey(ctx, c.posts, d.AuthorID, models.DraftKey(d.ID), neverGone)
			if err != nil {
				return nil, err
			}
			if post != nil {
				continue
			}
			d.PublishAt = d.CreatedAt
		}
		pending = append(pending, d)
	}
	return pending, nil
}

// copySourceID is the id of the one document of the collection copySource. There is none if the database is whole.
const copySourceID = "unfinished"

// copySource is the address of the store of which the database is an unfinished copy.
type copySource struct {
	ID      string `bson:"_id"`
	Address string `bson:"address"`
}

// CopySource implements models.Bulk.
func (s *Store) CopySource(ctx context.Context) (address string, err error) {
	err = s.run(ctx, "find copy source", func(ctx context.Context, c *collections) error {
		address, err = findCopySource(ctx, c)
		return err
	})
	return address, err
}

func findCopySource(ctx context.Context, c *collections) (string, error) {
	var d copySource
	err := c.copySource.FindOne(ctx, bson.D{{Key: "_id", Value: copySourceID}}).Decode(&d)
	return d.Address, missing(err, nil)
}

// SetCopySource implements models.Bulk.
func (s *Store) SetCopySource(ctx context.Context, address string) error {
	return s.run(ctx, "set copy source", func(ctx context.Context, c *collections) error {
		if address == "" {
			return c.copySource.Drop(ctx)
		}
		one := bson.D{{Key: "_id", Value: copySourceID}}
		_, err := c.copySource.ReplaceOne(ctx, one, copySource{copySourceID, address}, options.Replace().SetUpsert(true))
		return err
	})
}
