package routes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"gin-blog/models"
)

// TestSchemasRefuseWhatDecodeRefuses compares the schemas of posts with what decode takes.
func TestSchemasRefuseWhatDecodeRefuses(t *testing.T) {
	schemas := loadDocument(t).Components.Schemas
	for body, want := range map[string]bool{
		`{"title":"t","content":"c"}`:                                              true,
		`{"title":" a b ","content":" \n x"}`:                                      true,
		`{"title":"\u00a0é\u2028\u200d","content":"\u200b\u0600"}`:                 true,
		`{"title":"t","content":" "}`:                                              false,
		`{"title":"t","content":"\r\n\ufeff\u2800"}`:                               false,
		`{"title":"\u200b","content":"c"}`:                                         false,
		`{"title":"\u3164\ufe0f\u00ad\u034f","content":"c"}`:                       false,
		`{"title":"t","content":"c","tags":["Küche","東京","e\u0301lan","-","Ⅷ"]}`:   true,
		`{"title":"t","content":"c","tags":["Go","go"]}`:                           true,
		`{"title":"t","content":"c","tags":["c++"]}`:                               false,
		`{"title":"t","content":"c","tags":["web dev"]}`:                           false,
		`{"title":"t","content":"c","tags":["go\u200b"]}`:                          false,
		`{"title":"t","content":"c","tags":["1234567890123456789012345678901-a"]}`: false,
		`{"title":"","content":"c"}`:                                               false,
		`{"title":" ","content":"c"}`:                                              false,
		`{"title":"\u00a0\u3000\u2009","content":"c"}`:                             false,
		`{"title":"a\u2066","content":"c"}`:                                        false,
		`{"title":"a\u0000b","content":"c"}`:                                       false,
		`{"title":"t","content":"\u0000"}`:                                         false,
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

// TestGeneratorsUnderstandTheDocument: the document has nothing that generators of clients are known to refuse or to
// get wrong. make clients runs some of them.
func TestGeneratorsUnderstandTheDocument(t *testing.T) {
	var document map[string]any
	if err := yaml.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	checkSchemas(t, "", document)
	if alias := regexp.MustCompile(`[:,[-] [&*]\w+`).Find(openAPI); alias != nil {
		t.Errorf("some generators read no aliases of YAML: %s", alias)
	}

	// Generators make types of components and of operations in one package, of the letters and digits of their names.
	places := map[string]string{}
	take := func(place, name string) {
		name = strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
		if other := places[name]; other != "" {
			t.Errorf("%s has the name of %s", place, other)
		}
		places[name] = place
	}
	for section, components := range document["components"].(map[string]any) {
		for name := range components.(map[string]any) {
			take(section+"/"+name, name)
		}
	}
	for path, item := range loadDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.OperationID == "" || len(operation.Tags) != 1 {
				t.Errorf("%s %s needs an operationId and one tag", method, path)
			}
			for _, suffix := range []string{"Params", "Request", "Response"} {
				take(method+" "+path, operation.OperationID+suffix)
			}
		}
	}
}

// checkSchemas checks every schema below a place in the document.
func checkSchemas(t *testing.T, place string, node any) {
	if list, ok := node.([]any); ok {
		for i, element := range list {
			checkSchemas(t, fmt.Sprint(place, "/", i), element)
		}
		return
	}
	object, _ := node.(map[string]any)
	has := func(keyword string) bool {
		return object[keyword] != nil && !strings.HasSuffix(place, "/properties") // whose keys are names of fields
	}
	for _, union := range []string{"oneOf", "anyOf", "allOf"} {
		if has(union) && (has("properties") || has("required") || has("type")) {
			t.Errorf("%s: generators pass over what stands beside %s", place, union)
		}
	}
	if (has("const") || has("enum")) && !has("type") {
		t.Errorf("%s: generators need a type beside const and enum", place)
	}
	if has("properties") && strings.HasPrefix(place, "/components/") && strings.HasSuffix(place, "/schema") {
		t.Errorf("%s: the body of a shared response or request needs a schema with a name", place)
	}
	if has("pattern") && object["format"] == "date-time" {
		t.Errorf("%s: generated clients hold the pattern against a time in another form", place)
	}
	for key, value := range object {
		if key != "example" && key != "examples" {
			checkSchemas(t, place+"/"+key, value)
		}
	}
}
