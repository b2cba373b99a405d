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

	"gin-blog/middleware"
	"gin-blog/models"
)

// decodeBytes decodes a body as a handler does.
func decodeBytes(body []byte, into any) (err error) {
	r := gin.New()
	r.POST("/", middleware.BufferBody(), func(c *gin.Context) { err = newDecoder().decode(c, into) })
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	r.ServeHTTP(httptest.NewRecorder(), request)
	return err
}

func TestRefusedBodiesKeepTheirCause(t *testing.T) {
	for _, body := range []string{"{", `{"title":}`, `{"title":1}`, `{"nope":1}`} {
		err := decodeBytes([]byte(body), new(models.Text))
		if e, ok := errors.AsType[*models.Error](err); !ok || e.Cause == nil {
			t.Errorf("%q: %v has no cause", body, err)
		}
	}
}

// TestListsThatAreTooLongTakeNoMemory: a list of short texts would take many times the memory of its body.
func TestListsThatAreTooLongTakeNoMemory(t *testing.T) {
	for _, into := range []any{&models.Text{}, &draftRequest{}} {
		for _, end := range []string{`]}`, `,1]}`} { // whatever comes after too many
			body := `{"title":"t","content":"c","tags":[` + strings.Repeat(`"a",`, 400_000) + `"b"` + end
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := decodeBytes([]byte(body), into)
			runtime.ReadMemStats(&after)
			if err != nil {
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
	d := newDecoder()
	for name, body := range map[string]string{
		"a title":           `{"title":` + nested + `,"content":"c"}`,
		"a tag":             `{"title":"t","content":"c","tags":[` + nested + `]}`,
		"a tag beyond many": `{"title":"t","content":"c","tags":[` + strings.Repeat(`"a",`, 12) + nested + `]}`,
		"an author":         `{"author":` + nested + `}`,
		"authors":           `{"author":[` + nested + `]}`,
		"the author's id":   `{"author":{"_id":` + nested + `}}`,
		"the author's name": `{"author":{"username":` + nested + `}}`,
		"an id":             `{"_id":` + nested + `}`,
		"a time":            `{"createdAt":` + nested + `}`,
	} {
		var request postBody
		allocated := testing.AllocsPerRun(1, func() { _ = json.Unmarshal([]byte(body), &request, d.wholes) })
		if err := json.Unmarshal([]byte(body), &request, d.wholes); err == nil || allocated > 500 {
			t.Errorf("%s: %v, with %.0f allocations", name, err, allocated)
		}
	}
}
