package mongodb

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// table implements models.Table.
type table[T models.Record] struct {
	store *Store
	name  string
	// filter selects the documents that are records, besides the order of their ids.
	filter bson.D
	// record returns what a document holds.
	record func(document bson.Raw) T
	// complete, if not nil, returns the records of a page that count, with what other collections say about them.
	complete func(ctx context.Context, c *collections, records []T) ([]T, error)
	// document returns the document that holds a record.
	document func(*T) bson.Raw
}

// UserTable implements models.Bulk.
func (s *Store) UserTable() models.Table[models.User] {
	return &table[models.User]{
		store: s, name: "users", record: newUser,
		document: func(u *models.User) bson.Raw { return write(accountFields(&account{User: *u})) },
	}
}

// SessionTable implements models.Bulk.
func (s *Store) SessionTable(liveAt time.Time) models.Table[models.Session] {
	return &table[models.Session]{
		store: s, name: "sessions", filter: append(ownSession(), notExpired(liveAt)),
		record: newSession, complete: ownedSessions,
		document: func(session *models.Session) bson.Raw { return write(sessionFields(session)) },
	}
}

// PostTable implements models.Bulk.
func (s *Store) PostTable() models.Table[models.KeptPost] {
	return &table[models.KeptPost]{
		store: s, name: "posts",
		record: func(document bson.Raw) models.KeptPost {
			return models.KeptPost{Post: newPost(document), KeptKey: keptKey(document)}
		},
		complete: func(ctx context.Context, c *collections, posts []models.KeptPost) ([]models.KeptPost, error) {
			hidden, err := c.purgedUsers(ctx)
			return slices.DeleteFunc(posts, func(p models.KeptPost) bool { return slices.Contains(hidden, p.AuthorID) }), err
		},
		document: func(p *models.KeptPost) bson.Raw { return postDocument(&p.Post, p.KeptKey) },
	}
}

// CommentTable implements models.Bulk.
func (s *Store) CommentTable() models.Table[models.KeptComment] {
	return &table[models.KeptComment]{
		store: s, name: "comments",
		record: func(document bson.Raw) models.KeptComment {
			return models.KeptComment{Comment: newComment(document), KeptKey: keptKey(document)}
		},
		complete: commentsOnPosts,
		document: func(c *models.KeptComment) bson.Raw { return commentDocument(&c.Comment, c.KeptKey) },
	}
}

// DraftTable implements models.Bulk. A draft whose publishing was interrupted is a due one.
func (s *Store) DraftTable() models.Table[models.Draft] {
	return &table[models.Draft]{
		store: s, name: "drafts",
		record: func(document bson.Raw) models.Draft {
			d := newDraft(document)
			switch {
			case d.isBegun():
				d.PublishAt = d.CreatedAt
			case !wroteDraft(document) || d.Content == "": // it does not publish itself, there or here
				d.PublishAt = time.Time{}
			}
			return d.Draft
		},
		complete: pendingDrafts,
		document: func(d *models.Draft) bson.Raw { return write(draftFields(&draft{Draft: *d})) },
	}
}

// AccessTokenTable implements models.Bulk.
func (s *Store) AccessTokenTable() models.Table[models.AccessToken] {
	return &table[models.AccessToken]{
		store: s, name: "accessTokens", filter: ownToken(), record: newToken,
		complete: func(ctx context.Context, c *collections, tokens []models.AccessToken) ([]models.AccessToken, error) {
			ids := idsOf(tokens, func(t *models.AccessToken) models.ID { return t.UserID })
			owners, err := findByID(ctx, c.users, ids, newAccount, "tokensSince")
			return slices.DeleteFunc(tokens, func(t models.AccessToken) bool {
				owner, exists := owners[t.UserID]
				return !exists || t.PasswordVersion < owner.TokensSince
			}), err
		},
		document: func(t *models.AccessToken) bson.Raw { return write(tokenFields(t)) },
	}
}

// LogTable implements models.Bulk.
func (s *Store) LogTable() models.Table[models.LogEntry] {
	return &table[models.LogEntry]{
		store: s, name: "adminLog", filter: ownEntry(), record: newLogEntry,
		document: func(e *models.LogEntry) bson.Raw { return write(logFields(e)) },
	}
}

// in returns the collection.
func (t *table[T]) in() *mongo.Collection { return t.store.primary(t.name) }

// Name implements models.Table.
func (t *table[T]) Name() string { return t.name }

// Count implements models.Table. The server knows the number from its metadata.
func (t *table[T]) Count(ctx context.Context) (int, error) {
	return get(ctx, t.store, "count "+t.name, func(ctx context.Context, _ *collections) (int, error) {
		count, err := t.in().EstimatedDocumentCount(ctx)
		return int(count), err
	})
}

// Last implements models.Table. MongoDB sorts ids by type first: if the first and the last one are ObjectIDs, all are.
func (t *table[T]) Last(ctx context.Context) (id models.ID, foreign bool, err error) {
	err = t.store.run(ctx, "find last of "+t.name, func(ctx context.Context, _ *collections) error {
		first, firstErr := outermost(ctx, t.in(), bson.D{}, 1)
		last, lastErr := outermost(ctx, t.in(), bson.D{}, -1)
		id, err = newestID(ctx, t.in())
		isOther := func(id bson.RawValue) bool { return id.Type != 0 && id.Type != bson.TypeObjectID }
		foreign = isOther(first) || isOther(last)
		return cmp.Or(firstErr, lastErr, err)
	})
	return id, foreign, err
}

// newestID returns the greatest id that is an ObjectID, or the zero ID if there is none.
func newestID(ctx context.Context, c *mongo.Collection) (models.ID, error) {
	last, err := outermost(ctx, c, newerThan(models.ID{}), -1)
	return idOf(last), err
}

// outermost returns the id of the first document that filter selects, or of the last one if order is -1. It returns the
// zero RawValue if there is none.
func outermost(ctx context.Context, c *mongo.Collection, filter bson.D, order int) (bson.RawValue, error) {
	find := options.FindOne().SetSort(byIDs(order)).SetProjection(onlyID())
	raw, err := c.FindOne(ctx, filter, find).Raw()
	return raw.Lookup("_id"), missing(err, nil)
}

// Read implements models.Table.
func (t *table[T]) Read(ctx context.Context, after models.ID, limit int) (records []T, next models.ID, err error) {
	records, err = get(ctx, t.store, "read "+t.name, func(ctx context.Context, c *collections) ([]T, error) {
		cursor, err := t.in().Find(ctx, append(newerThan(after), t.filter...), pageOf(limit, 1))
		page, err := findPage(ctx, cursor, err, limit, t.record, nil)
		if err != nil {
			return nil, err
		}
		if page.More {
			next = page.Rows[len(page.Rows)-1].RecordID()
		}
		if t.complete == nil {
			return page.Rows, nil
		}
		return t.complete(ctx, c, page.Rows)
	})
	return records, next, err
}

// Insert implements models.Table. It stores the records in their order, until one is refused.
func (t *table[T]) Insert(ctx context.Context, records []T) error {
	documents := make([]bson.Raw, len(records))
	for i := range records {
		documents[i] = t.document(&records[i])
	}
	return t.store.run(ctx, "insert into "+t.name, func(ctx context.Context, _ *collections) error {
		_, err := t.in().InsertMany(ctx, documents)
		return err
	})
}

// ownedSessions returns the sessions that no change of the password has ended, with the PasswordVersion of today: the
// session that a change kept has the one from before.
func ownedSessions(ctx context.Context, c *collections, sessions []models.Session) ([]models.Session, error) {
	ids := idsOf(sessions, func(session *models.Session) models.ID { return session.UserID })
	owners, err := findByID(ctx, c.users, ids, newAccount, "passwordVersion", "keptSession")
	owned := sessions[:0]
	for _, session := range sessions {
		owner, exists := owners[session.UserID]
		if exists && owner.owns(&session) {
			session.PasswordVersion = owner.PasswordVersion
			owned = append(owned, session)
		}
	}
	return owned, err
}

// commentsOnPosts returns the comments whose post exists.
func commentsOnPosts(
	ctx context.Context, c *collections, comments []models.KeptComment,
) ([]models.KeptComment, error) {
	ids := idsOf(comments, func(comment *models.KeptComment) models.ID { return comment.PostID })
	hidden, err := c.purgedUsers(ctx)
	if err != nil {
		return nil, err
	}
	posts, err := commentedPosts(ctx, c.posts, hidden, ids...)
	return slices.DeleteFunc(comments, func(comment models.KeptComment) bool {
		_, exists := posts[comment.PostID]
		return !exists || slices.Contains(hidden, comment.AuthorID)
	}), err
}

// pendingDrafts returns the drafts of authors who exist, without those that have a post already.
func pendingDrafts(ctx context.Context, c *collections, drafts []models.Draft) ([]models.Draft, error) {
	authorIDs, keys := idsOf(drafts, func(d *models.Draft) models.ID { return d.AuthorID }), make([]string, len(drafts))
	for i := range drafts {
		keys[i] = models.DraftKey(drafts[i].ID).Key
	}
	authors, err := findAuthors(ctx, c, authorIDs...)
	if err != nil {
		return nil, err
	}
	published := map[string]models.ID{} // the author, by key
	cursor, err := c.posts.Find(ctx, bson.D{
		{Key: "author", Value: bson.D{{Key: "$in", Value: authorIDs}}},
		{Key: "idempotencyKey", Value: append(ofType("string"), bson.E{Key: "$in", Value: keys})},
	}, only("author", "idempotencyKey"))
	err = each(ctx, cursor, err, func(post bson.Raw) bool {
		published[text(post.Lookup("idempotencyKey"))] = idOf(post.Lookup("author"))
		return true
	})
	return slices.DeleteFunc(drafts, func(d models.Draft) bool {
		return authors[d.AuthorID] == nil || published[models.DraftKey(d.ID).Key] == d.AuthorID
	}), err
}

// copySourceID is the id of a document in the collection copySource, which is there unless the database is whole.
// probeID is the id of the other one, by which tellsTime writes.
const copySourceID, probeID = "unfinished", "probe"

// CopySource implements models.Bulk.
func (s *Store) CopySource(ctx context.Context) (string, error) {
	return get(ctx, s, "find copy source", findCopySource)
}

func findCopySource(ctx context.Context, c *collections) (string, error) {
	found, err := c.copySource.FindOne(ctx, bson.D{{Key: "_id", Value: copySourceID}}).Raw()
	return text(found.Lookup("address")), missing(err, nil)
}

// SetCopySource implements models.Bulk.
func (s *Store) SetCopySource(ctx context.Context, address string) error {
	return s.run(ctx, "set copy source", func(ctx context.Context, c *collections) error {
		if address == "" {
			return c.copySource.Drop(ctx)
		}
		source := bson.D{{Key: "_id", Value: copySourceID}, {Key: "address", Value: address}}
		_, err := c.copySource.ReplaceOne(ctx, source[:1], source, options.Replace().SetUpsert(true))
		return err
	})
}
