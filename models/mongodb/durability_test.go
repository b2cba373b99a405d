package mongodb_test

import (
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// TestWritesAreDurable: a write is answered when a majority of the members has it in its journal, which no server of a
// test that is killed can show.
func TestWritesAreDurable(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	store := openBehind(t, proxy, db)
	u := &models.User{ID: models.NewID(), Username: "alice", CreatedAt: time.Now()}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	p := newPost(u.ID)
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.UpdatePost(t.Context(), p.ID, sets(func(p *models.Post) { p.Title = "Another" })); err != nil {
		t.Fatal(err)
	}
	session := &models.Session{ID: models.NewID(), UserID: u.ID, RefreshID: "first", ExpiresAt: time.Now().Add(time.Hour)}
	if err := store.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SwapRefreshID(t.Context(), session.ID, "first", "second", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := store.DeletePost(t.Context(), p.ID, always); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"insert", "findAndModify", "update", "delete"} {
		concern := proxy.Received(command).Lookup("writeConcern")
		if w, _ := concern.Document().Lookup("w").StringValueOK(); w != "majority" {
			t.Errorf("%s has w: %q, want majority", command, w)
		}
		if j, _ := concern.Document().Lookup("j").BooleanOK(); !j {
			t.Errorf("%s does not wait for the journal", command)
		}
	}
}
