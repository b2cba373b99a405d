package routes

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"unicode/utf8"

	"gin-blog/internal/answer"
	"gin-blog/models"
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
	f.Fuzz(func(t *testing.T, body []byte) {
		var text models.Text
		if err := decodeBytes(body, &text); err != nil {
			if e := answer.ErrorOf(t.Context(), err); e.Code != http.StatusBadRequest || e.Message == "" {
				t.Errorf("%d %q for %v", e.Code, e.Message, err)
			}
			return
		}
		if !utf8.Valid(body) {
			t.Error("took invalid UTF-8")
		}
		var other models.Text
		if body = bytes.TrimPrefix(body, []byte("\ufeff")); len(bytes.TrimSpace(body)) == 0 {
			body = []byte("{}")
		}
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&other); err != nil {
			t.Fatalf("another library says %v", err)
		}
		if len(other.Tags) <= models.MaxTags && !reflect.DeepEqual(text, other) {
			t.Errorf("took %+v, another library %+v", text, other)
		}
	})
}
