package routes

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestDocumentNamesEveryRoute compares the OpenAPI document with the router, both ways.
func TestDocumentNamesEveryRoute(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("the document is not valid: %v", err)
	}
	var documented []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}

	engine, err := newEngine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`[:*](\w+)`)
	var routed []string
	for _, route := range engine.Routes() {
		if route.Method != http.MethodHead { // goes with GET, as the document says
			routed = append(routed, route.Method+" "+parameter.ReplaceAllString(route.Path, "{$1}"))
		}
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if !slices.Equal(documented, routed) {
		t.Errorf("documented:\n%s\nrouted:\n%s", strings.Join(documented, "\n"), strings.Join(routed, "\n"))
	}
}

// TestCollectionHasEveryRoute: the Postman collection misses no call.
func TestCollectionHasEveryRoute(t *testing.T) {
	text, err := os.ReadFile("../postman/gin-blog.postman_collection.json")
	if err != nil {
		t.Fatal(err)
	}
	var collection struct {
		Item []struct {
			Item []struct {
				Name     string
				Response []any
				Request  struct {
					Method, Description string
					URL                 struct{ Path []string }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &collection); err != nil {
		t.Fatal(err)
	}
	engine, err := newEngine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`[:*]\w+`)
	for _, route := range engine.Routes() {
		calls := regexp.MustCompile("^" + parameter.ReplaceAllString(route.Path, `[^/]+`) + "$")
		found := route.Method == http.MethodHead
		for _, folder := range collection.Item {
			for _, item := range folder.Item {
				found = found || item.Request.Method == route.Method && calls.MatchString("/"+strings.Join(item.Request.URL.Path, "/"))
				if len(item.Response) == 0 || item.Request.Description == "" {
					t.Errorf("%s has no example or no description", item.Name)
				}
			}
		}
		if !found {
			t.Errorf("the collection has no %s %s", route.Method, route.Path)
		}
	}
}

// TestReadmeNamesEveryRoute: the table of calls is whole.
func TestReadmeNamesEveryRoute(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := newEngine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range engine.Routes() {
		call := regexp.MustCompile("`" + route.Method + " " + regexp.QuoteMeta(route.Path) + "[?`]")
		if route.Method != http.MethodHead && route.Path != "/" && route.Path != "/docs/*file" && !call.Match(readme) {
			t.Errorf("the README does not name %s %s", route.Method, route.Path)
		}
	}
}
