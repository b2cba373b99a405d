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
	p := &models.Post{ID: models.NewID(), Title: "My Post", Content: "Hello", AuthorID: u.ID, CreatedAt: time.Now()}
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	change := models.PostChange{Title: new("Another"), UpdatedAt: time.Now()}
	if _, err := store.UpdatePost(t.Context(), p.ID, u.ID, change); err != nil {
		t.Fatal(err)
	}
	if err := store.SetRole(t.Context(), "alice", models.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	if err := store.DeletePost(t.Context(), p.ID, u.ID, nil); err != nil {
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
