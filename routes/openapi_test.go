package routes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/internal/auth"
	"gin-blog/internal/testkit"
	"gin-blog/middleware"
	"gin-blog/models"
)

// loadDocument reads the OpenAPI document, and holds its examples of bodies and parameters against their schemas.
func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatalf("the document is not valid: %v", err)
	}
	return doc
}

// TestDocumentNamesEveryRoute compares the OpenAPI document with the router, both ways.
func TestDocumentNamesEveryRoute(t *testing.T) {
	var documented []string
	for path, item := range loadDocument(t).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}

	engine := New(Options{Blog: blog.New(blog.Options{}), Base: middleware.NewBase(middleware.BaseOptions{})})
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

// TestDocumentHasExamples: the document shows what every parameter, every header and every JSON body looks like.
func TestDocumentHasExamples(t *testing.T) {
	for path, item := range loadDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			call := method + " " + path
			for _, p := range operation.Parameters {
				checkExamples(t, call+", parameter "+p.Value.Name, *p.Value)
			}
			if operation.RequestBody != nil && len(jsonExamples(operation.RequestBody.Value.Content)) == 0 {
				t.Errorf("%s: the request body has no example", call)
			}
			for status, answer := range operation.Responses.Map() {
				shown := len(jsonExamples(answer.Value.Content))
				if answer.Value.Content["application/json"] != nil && shown == 0 {
					t.Errorf("%s, %s: the answer has no example", call, status)
				}
				if status == "400" && shown > 3 {
					t.Errorf("%s: %d examples of 400 are too many to read", call, shown)
				}
				for name, header := range answer.Value.Headers {
					checkExamples(t, call+", "+status+", header "+name, header.Value.Parameter)
				}
			}
		}
	}
}

// checkExamples: a parameter or header has an example, beside its schema or in it. Validate leaves headers and
// schemas out.
func checkExamples(t *testing.T, name string, p openapi3.Parameter) {
	t.Helper()
	shown := append(examples(p.Example, p.Examples), p.Schema.Value.Examples...)
	if len(shown) == 0 {
		t.Errorf("%s: has no example", name)
	}
	for _, value := range shown {
		if err := p.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: the example %v: %v", name, value, err)
		}
	}
}

// TestErrorExamples: an error in the document has a name that goes with its status, and every error that a client can
// get is in the document.
func TestErrorExamples(t *testing.T) {
	names := map[string][]string{}
	refusals := []error{models.RefuseFields(nil, models.FieldError{Field: "title"})}
	for _, kind := range testkit.Kinds(t) {
		refusals = append(refusals, models.NewError(kind, ""))
	}
	for _, refusal := range refusals {
		e := answer.ErrorOf(t.Context(), refusal)
		status := strconv.Itoa(e.Code)
		names[status] = append(names[status], e.Name)
	}
	shown := map[string]bool{}
	for path, item := range loadDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			for status, answer := range operation.Responses.Map() {
				if status < "400" {
					continue
				}
				for _, example := range jsonExamples(answer.Value.Content) {
					body := example.(map[string]any)
					if !slices.Contains(names[status], body["error"].(string)) {
						t.Errorf("%s %s, %s: the example is a %s", method, path, status, body["error"])
					}
					shown[fmt.Sprintf("%s %s: %s", status, body["error"], body["message"])] = true
				}
			}
		}
	}
	possible := []error{
		(&models.Text{Tags: []string{"Web dev"}, Content: "c"}).Clean(nil),
		middleware.ErrPanic, os.ErrDeadlineExceeded,
		&http.MaxBytesError{Limit: maxAccountBody}, &http.MaxBytesError{Limit: maxPostBody},
	}
	// The callers of the stores and of auth turn these into others, or pages show them.
	unseen := []error{
		models.ErrPasswordChanged, models.ErrDuplicate, auth.ErrTooManyAttempts, auth.ErrResetVoid,
		models.ErrForeignDraft, blog.ErrTooManyInvitations,
	}
	for _, refusal := range testkit.Refusals(t) {
		isUnseen := func(err error) bool { return err.Error() == refusal.Message }
		if !slices.ContainsFunc(unseen, isUnseen) {
			possible = append(possible, refusal)
		}
	}
	for _, err := range possible {
		e := answer.ErrorOf(t.Context(), err)
		if line := fmt.Sprintf("%d %s: %s", e.Code, e.Name, e.Message); !shown[line] {
			t.Errorf("the document has no example of %s", line)
		}
	}
}

// examples are the values that the two ways to write examples give.
func examples(one any, named openapi3.Examples) (values []any) {
	if one != nil {
		values = append(values, one)
	}
	for _, example := range named {
		values = append(values, example.Value.Value)
	}
	return values
}

func jsonExamples(content openapi3.Content) []any {
	body := content["application/json"]
	if body == nil {
		return nil
	}
	return examples(body.Example, body.Examples)
}

// TestCollectionHasEveryRoute: the Postman collection misses no call.
func TestCollectionHasEveryRoute(t *testing.T) {
	text, err := os.ReadFile("../test/postman/gin-blog.postman_collection.json")
	if err != nil {
		t.Fatal(err)
	}
	var collection struct {
		Item []struct {
			Item []struct {
				Request struct {
					Method string
					URL    struct{ Path []string }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &collection); err != nil {
		t.Fatal(err)
	}
	engine := New(Options{Blog: blog.New(blog.Options{}), Base: middleware.NewBase(middleware.BaseOptions{})})
	parameter := regexp.MustCompile(`[:*]\w+`)
	for _, route := range engine.Routes() {
		calls := regexp.MustCompile("^" + parameter.ReplaceAllString(route.Path, `[^/]+`) + "$")
		found := route.Method == http.MethodHead
		for _, folder := range collection.Item {
			for _, item := range folder.Item {
				found = found || item.Request.Method == route.Method &&
					calls.MatchString("/"+strings.Join(item.Request.URL.Path, "/"))
			}
		}
		if !found {
			t.Errorf("the collection has no %s %s", route.Method, route.Path)
		}
	}
}

// TestTableOfCallsIsWhole checks that docs/calls.md names every route.
func TestTableOfCallsIsWhole(t *testing.T) {
	table, err := os.ReadFile("../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	engine := New(Options{Blog: blog.New(blog.Options{}), Base: middleware.NewBase(middleware.BaseOptions{})})
	for _, route := range engine.Routes() {
		call := regexp.MustCompile("`" + route.Method + " " + regexp.QuoteMeta(route.Path) + "[?`]")
		if route.Method != http.MethodHead && route.Path != "/" && route.Path != "/docs/*file" && !call.Match(table) {
			t.Errorf("docs/calls.md does not name %s %s", route.Method, route.Path)
		}
	}
}
