package routes_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"gin-blog/models"
)

// wholeBody returns the example of a call's body that has every field which the document names.
func wholeBody(t *testing.T, doc *openapi3.T, method, path string) (body string, fields map[string]any) {
	t.Helper()
	content := doc.Paths.Find(path).GetOperation(method).RequestBody.Value.Content["application/json"]
	shown := []any{content.Example}
	for _, example := range content.Examples {
		shown = append(shown, example.Value.Value)
	}
	for _, example := range shown {
		value, ok := example.(map[string]any)
		for name, property := range content.Schema.Value.Properties {
			_, has := value[name]
			ok = ok && (has || property.Value.ReadOnly || name == "publishAt") // which must be a time to come
		}
		if !ok {
			continue
		}
		value = maps.Clone(value)
		delete(value, "publishAt")
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text), value
	}
	t.Fatalf("%s %s: no example has every field", method, path)
	return "", nil
}

// TestEveryFieldComesBack: what the document lets clients write into a post or a draft is in every answer with it,
// however it was written. A field that is added must be in the document, in every handler and in every store.
func TestEveryFieldComesBack(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for field := range reflect.TypeFor[models.Text]().Fields() {
		name := field.Tag.Get("json")
		for _, schema := range []string{
			"PostInput", "PostReplacement", "PostChange", "DraftInput", "DraftReplacement", "DraftChange", "Post", "Draft",
		} {
			s := doc.Components.Schemas[schema].Value
			isAnswer := schema == "Post" || schema == "Draft"
			if s.Properties[name] == nil || isAnswer && !slices.Contains(s.Required, name) {
				t.Errorf("the schema %s lacks %s, or does not require it", schema, name)
			}
		}
	}
	onEachStore(t, func(t *testing.T, s *server) {
		token := bearer(s.signUp(t, "alice").Token)
		call := func(method, path, body string) map[string]any {
			var answer map[string]any
			s.send(t, method, path, body, token).decode(&answer)
			return answer
		}
		check := func(what string, answer any, want map[string]any) {
			got, _ := answer.(map[string]any)
			for name, value := range want {
				if !reflect.DeepEqual(got[name], value) {
					t.Errorf("%s: %s is %v, want %v", what, name, got[name], value)
				}
			}
		}
		for _, c := range []struct{ path, name string }{{"/posts", "post"}, {"/drafts", "draft"}} {
			body, want := wholeBody(t, doc, "POST", c.path)
			created := call("POST", c.path, body)[c.name].(map[string]any)
			check("POST "+c.path, created, want)
			check("GET "+c.path+"/{id}", call("GET", c.path+"/"+created["_id"].(string), ""), want)
			var list []any
			s.send(t, "GET", c.path, "", token).decode(&list)
			check("GET "+c.path, list[0], want)
			for _, method := range []string{"PUT", "PATCH"} {
				other := call("POST", c.path, `{"title":"t","content":"c"}`)[c.name].(map[string]any)
				body, want := wholeBody(t, doc, method, c.path+"/{id}")
				check(method+" "+c.path, call(method, c.path+"/"+other["_id"].(string), body), want)
			}
			if c.name == "draft" {
				published := call("POST", c.path+"/"+created["_id"].(string)+"/publish", "")
				check("publish", published["post"], want)
			}
		}
	})
}
