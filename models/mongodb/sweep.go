package mongodb

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// deletionDocument says that somebody is about to delete a post. It is stored before the post is deleted, so that the
// comments of the post are found after a crash, too. Each try has a document of its own, with an id of that time.
type deletionDocument struct {
	ID   models.ID `bson:"_id"`
	Post models.ID `bson:"post"`
}

// deletePost removes the post that filter selects, whose id is id, and leaves its comments to SweepComments. It returns
// whether this call removed the post.
func deletePost(ctx context.Context, c *collections, id models.ID, filter bson.D) (removed bool, err error) {
	deletion := deletionDocument{ID: models.NewID(), Post: id}
	if err := insertNew(ctx, c.deletions, deletion.ID, deletion); err != nil {
		return false, err
	}
	removed, err = deleteOne(ctx, c.posts, id, filter)
	if err == nil && !removed {
		_, _ = c.deletions.DeleteOne(ctx, byID(deletion.ID)) // SweepComments removes it otherwise
	}
	return removed, err
}

// SweepComments implements models.CommentStore.
func (s *Store) SweepComments(ctx context.Context, now time.Time) (more bool, err error) {
	err = s.run(ctx, "sweep comments", func(ctx context.Context, c *collections) error {
		var deletion deletionDocument
		oldest := options.FindOne().SetSort(bson.D{{Key: "_id", Value: 1}})
		err := c.deletions.FindOne(ctx, olderThan(firstID(now.Add(-models.SweepDelay))), oldest).Decode(&deletion)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil
		}
		if err != nil {
			return err
		}
		more = true
		deleted, err := isMissing(ctx, c.posts, deletion.Post)
		if err != nil {
			return err
		}
		left := false
		if deleted { // otherwise the deletion was broken off
			if left, err = removeComments(ctx, c, deletion.Post); err != nil {
				return err
			}
		}
		if !left {
			_, err = c.deletions.DeleteOne(ctx, byID(deletion.ID))
		}
		return err
	})
	return more && err == nil, err
}

// removeComments removes some comments of a post, and returns whether there may be more.
func removeComments(ctx context.Context, c *collections, post models.ID) (left bool, err error) {
	ofPost := bson.D{{Key: "post", Value: post}}
	last := options.FindOne().SetSort(bson.D{{Key: "_id", Value: 1}}).SetSkip(models.SweepStep - 1).SetProjection(onlyID())
	step, err := c.comments.FindOne(ctx, ofPost, last).Raw()
	left = err == nil
	if left {
		ofPost = append(ofPost, bson.E{Key: "_id", Value: bson.D{{Key: "$lte", Value: idField(step, "_id")}}})
	} else if !errors.Is(err, mongo.ErrNoDocuments) {
		return false, err
	}
	_, err = c.comments.DeleteMany(ctx, ofPost)
	return left, err
}

// firstID returns an id that sorts before all that were made at a time or later.
func firstID(at time.Time) (id models.ID) {
	binary.BigEndian.PutUint32(id[:], uint32(at.Unix()))
	return id
}
