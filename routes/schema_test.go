package routes

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"gin-blog/models"
)

// TestSchemasRefuseWhatDecodeRefuses compares the schemas of posts with what decode takes.
func TestSchemasRefuseWhatDecodeRefuses(t *testing.T) {
	schemas := loadDocument(t).Components.Schemas
	for body, want := range map[string]bool{
		`{"title":"t","content":"c"}`:                  true,
		`{"title":" a b ","content":" "}`:              true,
		`{"title":"é\u2028\u200d","content":"\n"}`:     true,
		`{"title":"","content":"c"}`:                   false,
		`{"title":" ","content":"c"}`:                  false,
		`{"title":"\u00a0\u3000\u2009","content":"c"}`: false,
		`{"title":"a\u2066","content":"c"}`:            false,
		`{"title":"a\u0000b","content":"c"}`:           false,
		`{"title":"t","content":"\u0000"}`:             false,
	} {
		for _, schema := range []string{"PostInput", "PostChange"} {
			var text models.Text
			err := decodeBytes([]byte(body), &text)
			if err == nil {
				err = text.Clean(nil)
			}
			if (err == nil) != want {
				t.Errorf("%s: the API says %v", body, err)
			}
			var value any
			if err := json.Unmarshal([]byte(body), &value); err != nil {
				t.Fatal(err)
			}
			if err := schemas[schema].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); (err == nil) != want {
				t.Errorf("%s: %s says %v", body, schema, err)
			}
		}
	}
}

// TestDocumentDescribesItself: the schemas of the document's own two forms hold for it.
func TestDocumentDescribesItself(t *testing.T) {
	var value any
	if err := yaml.Unmarshal(openAPI, &value); err != nil {
		t.Fatal(err)
	}
	paths := loadDocument(t).Paths
	for path, mediaType := range map[string]string{
		"/openapi.yaml": "application/yaml", "/openapi.json": "application/json",
	} {
		schema := paths.Value(path).Get.Responses.Status(http.StatusOK).Value.Content[mediaType].Schema.Value
		if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %.200s", path, err)
		}
	}
}
