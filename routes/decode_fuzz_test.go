package routes

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
)

// FuzzDecode: whatever the body, decode takes it or says 400; what it takes, another JSON library understands as
// the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"title":"t","content":"c","tags":["a","b"]}`, `{"title":" t ","content":"c"}`, `{}`, `{"title":null}`, `[]`, `null`,
		``, `{`,
		`{"title":"t","title":"u","content":"c"}`, `{"Title":"t","content":"c"}`, `{"title":"\ud800","content":"c"}`,
		"{\"title\":\"\xff\",\"content\":\"c\"}", `{"title":1e999}`, `{"tags":{}}`, `{"title":"t","content":"c"}x`,
		"\ufeff{}",
		`{"title":"\u0000","content":"\n","tags":["A"]}`, `{"tags":[[[[[[]]]]]]}`,
	} {
		f.Add([]byte(seed))
	}
	decoder, err := newDecoder(6)
	if err != nil {
		f.Fatal(err)
	}
	decode := func(body []byte, into any) error {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/posts", bytes.NewReader(body))
		c.Request.Header.Set("Content-Type", "application/json")
		return decoder.decode(c, into)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var whole postRequest
		var change postChangeRequest
		for _, into := range []any{&whole, &change} {
			if err := decode(body, into); err != nil {
				if e := httperror.Of(t.Context(), err); e.Status != http.StatusBadRequest || e.Message == "" {
					t.Errorf("%T: %d %q for %v", into, e.Status, e.Message, err)
				}
				continue
			}
			if !utf8.Valid(body) {
				t.Errorf("%T: took invalid UTF-8", into)
			}
			other := reflect.New(reflect.TypeOf(into).Elem()).Interface()
			strict := json.NewDecoder(bytes.NewReader(body))
			strict.DisallowUnknownFields()
			if err := strict.Decode(other); err != nil {
				t.Fatalf("%T: another library says %v", into, err)
			}
			other.(interface{ normalize() }).normalize()
			if !reflect.DeepEqual(into, other) {
				t.Errorf("%T: took %+v, another library %+v", into, into, other)
			}
		}
	})
}
