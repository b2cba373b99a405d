package routes_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"gin-blog/internal/testkit"
)

// documented finds the operation of a request in the OpenAPI document, which is read once.
var documented = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	anyCase := openapi3.NewRegexpFormatValidator("(?i)" + openapi3.FormatOfStringDateTime) // RFC 3339 allows t and z too
	openapi3.DefineStringFormatValidator("date-time", anyCase)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// everywhere are headers that any answer may have, by the rules for every request.
var everywhere = map[string]bool{

	"Access-Control-Allow-Origin": true, "Access-Control-Expose-Headers": true, "Cache-Control": true, "Connection": true,
	"Content-Encoding": true, "Content-Length": true, "Content-Type": true, "Date": true, "Vary": true,
	"X-Content-Type-Options": true, "X-Request-Id": true,
}

// checkContract holds an exchange against the OpenAPI document: the status, the headers and the body of every
// answer, and the request of every answer that is a success. Paths and methods that the API does not have are left
// to their own tests.
func checkContract(t *testing.T, request *http.Request, requestBody string, answer *testkit.Response) {
	t.Helper()
	body := []byte(answer.Body)
	router, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	asked := request.Clone(t.Context())
	// Without what the API passes over around JSON.
	asked.GetBody = nil
	asked.Body = io.NopCloser(strings.NewReader(strings.TrimSpace(strings.TrimPrefix(requestBody, "\ufeff"))))
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet // whose headers it has
	}
	asked.URL.Scheme, asked.URL.Host, asked.Host = "", "", ""
	route, parameters, err := router.FindRoute(asked)
	preflight := request.Method == http.MethodOptions
	unrouted := answer.Status == http.StatusMethodNotAllowed || bytes.Contains(body, []byte(`"message":"Not found`))
	if preflight || unrouted || err != nil && answer.Status == http.StatusNotFound {
		return
	}
	if err != nil {
		t.Errorf("%s %s: %d, and the call is not documented", request.Method, request.URL.Path, answer.Status)
		return
	}
	response := route.Operation.Responses.Status(answer.Status)
	if response == nil {
		t.Errorf("%s %s: %d is not documented", request.Method, route.Path, answer.Status)
		return
	}
	for name := range answer.Header {
		if !everywhere[name] && !hasHeader(response.Value, name) {
			t.Errorf("%s %s, %d: the header %s is not documented", request.Method, route.Path, answer.Status, name)
		}
	}
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		ExcludeReadOnlyValidations: true, // a client may send back what it read
	}
	input := &openapi3filter.RequestValidationInput{Request: asked, PathParams: parameters, Route: route, Options: options}
	if answer.Status < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s succeeded and breaks the document: %v", request.Method, route.Path, err)
		}
	}
	if len(body) == 0 || answer.Header.Get("Content-Encoding") != "" ||
		!strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		return
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Status, Header: answer.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	if err != nil {
		t.Errorf("%s %s, %d: the answer breaks the document: %v", request.Method, route.Path, answer.Status, err)
	}
	for _, found := range times.FindAllSubmatch(body, -1) {
		if !milliseconds.Match(found[1]) && route.Path != "/openapi.json" { // which has requests too
			t.Errorf("%s %s, %d: %s is not in UTC with milliseconds", request.Method, route.Path, answer.Status, found[0])
		}
	}
}

// Times of answers are in UTC and have milliseconds. The document cannot say so: generated clients would hold the
// pattern against a time in their own form.
var (
	times        = regexp.MustCompile(`"\w+At":"([^"]*)"`)
	milliseconds = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
)

func hasHeader(response *openapi3.Response, name string) bool {
	for documented := range response.Headers {
		if http.CanonicalHeaderKey(documented) == name {
			return true
		}
	}
	return false
}

// TestSavedExamples: every request of the Postman collection has a description and a saved answer, and the saved
// answers are as the OpenAPI document says.
func TestSavedExamples(t *testing.T) {
	type request struct {
		Method, Description string
		URL                 struct{ Raw string }
		Header              []struct{ Key, Value string }
		Body                struct{ Raw string }
	}
	var collection struct {
		Item []struct {
			Item []struct {
				Name     string
				Request  request
				Response []struct {
					Name, Status, Body string
					Code               int
					OriginalRequest    request
					Header             []struct{ Key, Value string }
				}
			}
		}
	}
	text, err := os.ReadFile("../test/postman/gin-blog.postman_collection.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &collection); err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`{{\w+}}`)
	fill := func(text string) string {
		return variable.ReplaceAllStringFunc(strings.ReplaceAll(text, "{{baseUrl}}", ""), func(name string) string {
			if strings.HasSuffix(name, "Id}}") {
				return "66f0a1b2c3d4e5f60718293a"
			}
			if strings.HasSuffix(strings.ToLower(name), "etag}}") {
				return `"alice-1"`
			}
			return "alice-1"
		})
	}
	for _, folder := range collection.Item {
		for _, item := range folder.Item {
			if item.Request.Description == "" || len(item.Response) == 0 {
				t.Errorf("%s has no description or no saved answer", item.Name)
			}
			for _, saved := range item.Response {
				bodiless := saved.Code == http.StatusNoContent || saved.Code == http.StatusNotModified
				if saved.Name == "" || saved.Status != http.StatusText(saved.Code) || (saved.Body == "") != bodiless {
					t.Errorf("%s: the saved answer %q is %d %q, %d bytes", item.Name, saved.Name, saved.Code, saved.Status,
						len(saved.Body))
				}
				asked, body := saved.OriginalRequest, fill(saved.OriginalRequest.Body.Raw)
				request, err := http.NewRequestWithContext(t.Context(), asked.Method, fill(asked.URL.Raw), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range asked.Header {
					request.Header.Set(h.Key, fill(h.Value))
				}
				answer := &testkit.Response{Status: saved.Code, Header: http.Header{}, Body: saved.Body}
				for _, h := range saved.Header {
					answer.Header.Set(h.Key, h.Value)
				}
				t.Run(item.Name, func(t *testing.T) { checkContract(t, request, body, answer) })
			}
		}
	}
}
