package routes

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"gin-blog/internal/httperror"
	"gin-blog/internal/seed"
	"gin-blog/internal/testkit"
	"gin-blog/internal/validation"
	"gin-blog/models"
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

// TestListsThatAreTooLongTakeNoMemory: a list of short texts would take many times the memory of its body.
func TestListsThatAreTooLongTakeNoMemory(t *testing.T) {
	d, err := newDecoder(6)
	if err != nil {
		t.Fatal(err)
	}
	for _, into := range []any{&postRequest{}, &postChangeRequest{}, &draftRequest{}, &draftChangeRequest{}} {
		for _, end := range []string{`]}`, `,1]}`} { // whatever comes after too many
			body := `{"title":"t","content":"c","tags":[` + strings.Repeat(`"a",`, 400_000) + `"b"` + end
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequest(http.MethodPost, "/posts", strings.NewReader(body))
			c.Request.Header.Set("Content-Type", "application/json")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := d.decode(c, into)
			runtime.ReadMemStats(&after)
			broken, ok := errors.AsType[*validation.Error](err)
			if !ok || len(broken.Fields) != 1 || broken.Fields[0].Message != "must be at most 10, all different" {
				t.Errorf("%T: %v", into, err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 5*uint64(len(body)) {
				t.Errorf("%T: reading a body of %d bytes took %d", into, len(body), got)
			}
		}
	}
}

// TestNestedValuesTakeNoMemory: an object where a text belongs is refused, however many names it has.
func TestNestedValuesTakeNoMemory(t *testing.T) {
	var names strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&names, `"%06x":1,`, i)
	}
	nested := "{" + strings.TrimSuffix(names.String(), ",") + "}"
	d, err := newDecoder(6)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"a title":           `{"title":` + nested + `,"content":"c"}`,
		"a tag":             `{"title":"t","content":"c","tags":[` + nested + `]}`,
		"a tag beyond many": `{"title":"t","content":"c","tags":[` + strings.Repeat(`"a",`, 12) + nested + `]}`,
	} {
		var request postRequest
		allocated := testing.AllocsPerRun(1, func() { _ = json.Unmarshal([]byte(body), &request, d.options) })
		if err := json.Unmarshal([]byte(body), &request, d.options); err == nil || allocated > 500 {
			t.Errorf("%s: %v, with %.0f allocations", name, err, allocated)
		}
	}
}
