package mongodb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// TestNotesThatPurgeNobody: a note hides nothing if the purge was broken off before the user was removed, or if another
// program wrote it.
func TestNotesThatPurgeNobody(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	alice := &models.User{ID: models.NewID(), Username: "alice", CreatedAt: time.Now()}
	if err := store.CreateUser(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	gone := models.NewID()
	for _, author := range []models.ID{alice.ID, gone} {
		post := &models.Post{ID: models.NewID(), Text: models.Text{Title: "t", Content: "c"}, AuthorID: author}
		if _, err := store.CreatePost(t.Context(), post, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Collection("deletedUsers").InsertMany(t.Context(), []any{
		bson.D{{Key: "_id", Value: models.NewID()}, {Key: "user", Value: alice.ID}, {Key: "purge", Value: true}},
		bson.D{
			{Key: "_id", Value: models.NewID()}, {Key: "user", Value: gone}, {Key: "purge", Value: true},
			{Key: "by", Value: "x"},
		},
	}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Now(), time.Now().Add(2 * models.SweepDelay)} {
		for more := true; more; {
			var err error
			if more, err = store.Sweep(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		if page, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 5}); err != nil || len(page) != 2 {
			t.Errorf("%d posts, %v", len(page), err)
		}
	}
}

// TestOtherProgramsKeepTheirRecords: in the collections of invitations and of the log, what another program wrote is
// neither shown nor used nor removed, and no index removes it.
func TestOtherProgramsKeepTheirRecords(t *testing.T) {
	db, now := testkit.Database(t), time.Now()
	store := testkit.OpenMongoDB(t, db, nil)
	id := models.NewID()
	for _, name := range []string{"invitations", "adminLog", "accessTokens"} {
		theirs := bson.D{
			{Key: "_id", Value: id}, {Key: "expiresAt", Value: now.Add(time.Hour)}, {Key: "hash", Value: "text"},
			{Key: "user", Value: id}, {Key: "actor", Value: "x"},
		}
		if _, err := db.Collection(name).InsertOne(t.Context(), theirs); err != nil {
			t.Fatal(err)
		}
		for _, keys := range indexesOf(t, db, name) {
			if strings.Contains(keys, "expiresAt") {
				t.Errorf("%s has an index by which their documents expire", name)
			}
		}
	}
	u := &models.User{ID: models.NewID(), Username: "alice", CreatedAt: now}
	if err := store.CreateInvitedUser(t.Context(), u, id, now); !errors.Is(err, models.ErrInvitationVoid) {
		t.Errorf("registered with it: %v", err)
	}
	if err := store.DeleteInvitation(t.Context(), id); err != nil {
		t.Error(err)
	}
	if err := store.DeleteAccessToken(t.Context(), id, id); !errors.Is(err, models.ErrTokenNotFound) {
		t.Errorf("deleted the token: %v", err)
	}
	invitations, err := store.Invitations(t.Context(), now)
	entries, _, logErr := store.Log(t.Context(), models.LogFilter{Limit: 5})
	if err != nil || logErr != nil || len(invitations)+len(entries) != 0 {
		t.Errorf("shown: %v, %v, %v, %v", invitations, entries, err, logErr)
	}
	for _, name := range []string{"invitations", "adminLog", "accessTokens"} {
		if n, err := db.Collection(name).CountDocuments(t.Context(), bson.D{}); err != nil || n != 1 {
			t.Errorf("%s has %d documents, %v", name, n, err)
		}
	}
}
