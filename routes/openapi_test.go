package routes

import (
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
