package mongodb

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"

	"gin-blog/models"
)

// note says that somebody is about to delete a post or an account. It is stored before that is deleted, so that what it
// leaves is found after a crash, too. Each try has a note of its own, with an id of that time.
type note struct {
	id, post, user models.ID
	// swept is the last document that a sweep has looked at.
	swept models.ID
	// purge says that all goes that the user wrote.
	purge bool
}

func noteFields(n *note) []field {
	return []field{
		{"_id", &n.id, written}, {"post", &n.post, omitted}, {"user", &n.user, omitted}, {"swept", &n.swept, omitted},
		{"purge", &n.purge, omitted},
	}
}

// deletePost removes the post that filter selects, whose id is id, and leaves its comments to Sweep. It returns whether
// this call removed the post.
func (c *collections) deletePost(
	ctx context.Context, posts *mongo.Collection, id models.ID, filter bson.D,
) (removed bool, err error) {
	n := note{id: models.NewID(), post: id}
	return deleteNoted(ctx, c.deletedPosts, &n, func() (bool, error) {
		// The draft is still there if its publishing was interrupted after the post was created.
		published := bson.D{{Key: "publishing", Value: true}, {Key: "publishingAs", Value: id}}
		if _, err := c.drafts.DeleteOne(ctx, published); err != nil {
			return false, err
		}
		return deleteOne(ctx, posts, id, filter)
	})
}

// deleteNoted stores a note, and then calls remove, which returns whether it removed what the note names.
func deleteNoted(
	ctx context.Context, notes *mongo.Collection, n *note, remove func() (bool, error),
) (removed bool, err error) {
	if err := insertNew(ctx, notes, n.id, write(noteFields(n))); err != nil {
		return false, err
	}
	removed, err = remove()
	if err == nil && !removed {
		_, _ = notes.DeleteOne(ctx, byID(n.id)) // Sweep removes it otherwise
	}
	return removed, err
}

// isNoted returns whether there is a note about a post or a user.
func isNoted(ctx context.Context, notes *mongo.Collection, name string, id models.ID) (bool, error) {
	return hasDocument(ctx, notes, bson.D{{Key: name, Value: id}}, readconcern.Local())
}

// Sweep implements models.Store.
func (s *Store) Sweep(ctx context.Context, now time.Time) (more bool, err error) {
	before := olderThan(models.NewIDAt(now.Add(-models.SweepDelay)))
	err = s.run(ctx, "sweep", func(ctx context.Context, c *collections) (failure error) {
		purged, err := c.purgedUsers(ctx)
		if err != nil {
			return err
		}
		for _, user := range purged {
			if more, err = c.removeWritings(ctx, user); err != nil || more {
				return err
			}
		}
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
func oldestNote(ctx context.Context, notes *mongo.Collection, filter bson.D) (oldest *note, err error) {
	cursor, err := notes.Find(ctx, filter, options.Find().SetSort(byIDs(1)))
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		var n note
		if wrote(document, rewrite(document, noteFields(&n))) && n.post.IsZero() != n.user.IsZero() {
			oldest = &n
		}
		return oldest == nil
	})
	return oldest, err
}

// sweepNoted removes some of what a note is about, and the note itself once nothing is left. If what it names exists,
// the deletion was broken off.
func sweepNoted(ctx context.Context, c *collections, notes *mongo.Collection, n *note) error {
	in, subject := c.posts, n.post
	if !n.user.IsZero() {
		in, subject = c.users, n.user
	}
	isGone, err := lacks(ctx, in, subject)
	if err != nil {
		return err
	}
	if isGone {
		swept, err := sweepStep(ctx, c, n)
		if err != nil {
			return err
		}
		if !swept.IsZero() {
			_, err := notes.UpdateOne(ctx, byID(n.id), set(bson.E{Key: "swept", Value: swept}))
			return err
		}
	}
	_, err = notes.DeleteOne(ctx, byID(n.id))
	return err
}

// sweepStep removes some of what the post or the user of a note has left. It returns the last id that it has looked at,
// or the zero ID once nothing is left.
func sweepStep(ctx context.Context, c *collections, n *note) (swept models.ID, err error) {
	rest := newerThan(n.swept)
	if n.user.IsZero() {
		return removeOwn(ctx, c.comments, append(rest, bson.E{Key: "post", Value: n.post}), wroteComment)
	}
	if _, err := c.sessions.DeleteMany(ctx, sessionsOf(n.user)); err != nil {
		return swept, err
	}
	if _, err := c.accessTokens.DeleteMany(ctx, tokensOf(n.user)); err != nil {
		return swept, err
	}
	swept, err = removeOwn(ctx, c.drafts, append(rest, draftsOf(n.user)...), wroteDraft)
	if err != nil || !swept.IsZero() || !n.purge {
		return swept, err
	}
	if more, err := c.removeWritings(ctx, n.user); more || err != nil {
		return models.MaxID(), err
	}
	return swept, nil
}

// removeOwn looks at the first documents that filter selects and removes those that gin-blog wrote. It returns the id
// of the last one if there may be more, or else the zero ID.
func removeOwn(
	ctx context.Context, from *mongo.Collection, filter bson.D, wrote func(bson.Raw) bool,
) (last models.ID, err error) {
	cursor, err := from.Find(ctx, filter, pageOf(models.SweepStep-1, 1))
	var own []models.ID
	seen := 0
	err = each(ctx, cursor, err, func(document bson.Raw) bool {
		last = documentID(document)
		if wrote(document) {
			own = append(own, last)
		}
		seen++
		return true
	})
	if err == nil && len(own) > 0 {
		_, err = from.DeleteMany(ctx, anyOf(own))
	}
	if err != nil || seen < models.SweepStep {
		return models.ID{}, err
	}
	return last, nil
}
