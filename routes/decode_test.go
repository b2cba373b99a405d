package routes

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"gin-blog/httperror"
	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/seed"
)

func TestRefusedBodiesKeepTheirCause(t *testing.T) {
	bodies, err := newDecoder(6)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"{", `{"title":}`, "", `{"title":1}`, `{"nope":1}`} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/posts", bytes.NewBufferString(body))
		c.Request.Header.Set("Content-Type", "application/json")
		err := bodies.decode(c, new(postRequest))
		if e, ok := errors.AsType[*httperror.Error](err); !ok || e.Cause == nil {
			t.Errorf("%q: %v has no cause", body, err)
		}
	}
}

// TestSeededRowsPassTheRules: what the command seed writes a client could have sent too.
func TestSeededRowsPassTheRules(t *testing.T) {
	decoder, err := newDecoder(6)
	if err != nil {
		t.Fatal(err)
	}
	store := testkit.SQLite(t)
	plan := seed.Plan{Users: 20, Posts: 100, Random: 7, PasswordHash: "hash"}
	if err := seed.Fill(t.Context(), store, plan, func(int) {}); err != nil {
		t.Fatal(err)
	}
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range posts {
		for _, request := range []any{
			&postRequest{Title: p.Title, Content: p.Content, Tags: p.Tags},
			&registration{Username: p.Author.Username, Password: testkit.Password},
		} {
			if err := decoder.validator.Check(request); err != nil {
				t.Errorf("the post %q of %s: %v", p.Title, p.Author.Username, err)
			}
		}
	}
}
