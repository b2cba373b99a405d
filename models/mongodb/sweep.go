package mongodb

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"

	"gin-blog/models"
)

// noteDocument says that somebody is about to delete a post or an account. It is stored before that is deleted, so that
// what it leaves is found after a crash, too. Each try has a document of its own, with an id of that time.
type noteDocument struct {
	ID   models.ID `bson:"_id"`
	Post models.ID `bson:"post,omitempty"`
	User models.ID `bson:"user,omitempty"`
	// Swept is the last document that a sweep has looked at.
	Swept models.ID `bson:"swept,omitempty"`
}

// deletePost removes the post that filter selects, whose id is id, and leaves its comments to Sweep. It returns whether
// this call removed the post.
func deletePost(ctx context.Context, c *collections, id models.ID, filter bson.D) (removed bool, err error) {
	note := noteDocument{ID: models.NewID(), Post: id}
	return deleteNoted(ctx, c.deletedPosts, note, func() (bool, error) {
		// The draft is still there if its publishing was interrupted after the post was created.
		published := bson.D{{Key: "publishing", Value: true}, {Key: "publishingAs", Value: id}}
		interrupted, err := hasDocument(ctx, c.drafts, published, readconcern.Local())
		if err == nil && interrupted {
			_, err = c.drafts.DeleteOne(ctx, published)
		}
		if err != nil {
			return false, err
		}
		return deleteOne(ctx, c.posts, id, filter)
	})
}

// deleteNoted stores a note, and then calls remove, which returns whether it removed what the note names.
func deleteNoted(
	ctx context.Context, notes *mongo.Collection, note noteDocument, remove func() (bool, error),
) (removed bool, err error) {
	if err := insertNew(ctx, notes, note.ID, note); err != nil {
		return false, err
	}
	removed, err = remove()
	if err == nil && !removed {
		_, _ = notes.DeleteOne(ctx, byID(note.ID)) // Sweep removes it otherwise
	}
	return removed, err
}

// isNoted returns whether there is a note about a post or a user.
func isNoted(ctx context.Context, notes *mongo.Collection, name string, id models.ID) (bool, error) {
	return hasDocument(ctx, notes, bson.D{{Key: name, Value: id}}, readconcern.Local())
}

// Sweep implements models.Store.
func (s *Store) Sweep(ctx context.Context, now time.Time) (more bool, err error) {
	before := olderThan(firstID(now.Add(-models.SweepDelay)))
	err = s.run(ctx, "sweep comments", func(ctx context.Context, c *collections) (failure error) {
		for name, notes := range map[string]*mongo.Collection{"post": c.deletedPosts, "user": c.deletedUsers} {
			note, err := oldestNote(ctx, notes, append(before, bson.E{Key: name, Value: ofType("objectId")}))
			if err == nil && note != nil {
				more = true
				err = sweepNoted(ctx, c, notes, note)
			}
			failure = errors.Join(failure, err) // one of them does not stop the other
		}
		return failure
	})
	return more && err == nil, err
}

// oldestNote returns the oldest note that filter selects, or nil. It passes over documents of other programs.
func oldestNote(ctx context.Context, notes *mongo.Collection, filter bson.D) (*noteDocument, error) {
	cursor, err := notes.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, err
	}
	defer closeCursor(ctx, cursor)
	for cursor.Next(ctx) {
		note := noteDocument{
			ID: idField(cursor.Current, "_id"), Post: idField(cursor.Current, "post"), User: idField(cursor.Current, "user"),
			Swept: idField(cursor.Current, "swept"),
		}
		if wrote(cursor.Current, note) && note.Post.IsZero() != note.User.IsZero() {
			return &note, nil
		}
	}
	return nil, cursor.Err()
}

// sweepNoted removes some of what a note is about, and the note itself once nothing is left. If what it names exists,
// the deletion was broken off.
func sweepNoted(ctx context.Context, c *collections, notes *mongo.Collection, note *noteDocument) error {
	in, subject := c.posts, note.Post
	if !note.User.IsZero() {
		in, subject = c.users, note.User
	}
	exists, err := hasDocument(ctx, in, byID(subject), readconcern.Local())
	if err != nil {
		return err
	}
	if !exists {
		swept, err := sweepStep(ctx, c, note)
		if err != nil {
			return err
		}
		if !swept.IsZero() {
			_, err := notes.UpdateOne(ctx, byID(note.ID), set(bson.E{Key: "swept", Value: swept}))
			return err
		}
	}
	_, err = notes.DeleteOne(ctx, byID(note.ID))
	return err
}

// sweepStep removes some of what the post or the user of a note has left. It returns the last id that it has looked at,
// or the zero ID once nothing is left.
func sweepStep(ctx context.Context, c *collections, note *noteDocument) (swept models.ID, err error) {
	rest := newerThan(note.Swept)
	if note.User.IsZero() {
		return removeOwn(ctx, c.comments, append(rest, bson.E{Key: "post", Value: note.Post}), wroteComment)
	}
	if _, err := c.sessions.DeleteMany(ctx, sessionsOf(note.User)); err != nil {
		return swept, err
	}
	return removeOwn(ctx, c.drafts, append(rest, draftsOf(note.User)...), wroteDraft)
}

// removeOwn looks at the first documents that filter selects and removes those that gin-blog wrote. It returns the id
// of the last one if there may be more, or else the zero ID.
func removeOwn(
	ctx context.Context, from *mongo.Collection, filter bson.D, wrote func(bson.Raw) bool,
) (last models.ID, err error) {
	cursor, err := from.Find(ctx, filter, oldestFirst(models.SweepStep))
	if err != nil {
		return last, err
	}
	defer closeCursor(ctx, cursor)
	var own []models.ID
	seen := 0
	for ; cursor.Next(ctx); seen++ {
		last = idField(cursor.Current, "_id")
		if wrote(cursor.Current) {
			own = append(own, last)
		}
	}
	if err := cursor.Err(); err != nil {
		return last, err
	}
	if len(own) > 0 {
		if _, err := from.DeleteMany(ctx, anyOf(own)); err != nil {
			return last, err
		}
	}
	if seen < models.SweepStep {
		return models.ID{}, nil
	}
	return last, nil
}

// firstID returns an id that sorts before all that were made at a time or later.
func firstID(at time.Time) (id models.ID) {
	binary.BigEndian.PutUint32(id[:], uint32(at.Unix()))
	return id
}
