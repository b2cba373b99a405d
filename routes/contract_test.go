package routes_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// documented finds the operation of a request in the OpenAPI document, which is read once.
var documented = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
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

// checkContract holds an exchange against the OpenAPI document: the status, the headers and the body of every answer, and the
// request of every answer that is a success. Paths and methods that the API does not have are left to their own tests.
func checkContract(t *testing.T, request *http.Request, requestBody string, answer *http.Response, body []byte) {
	t.Helper()
	router, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	asked := request.Clone(t.Context())
	asked.Body = io.NopCloser(strings.NewReader(requestBody))
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet // whose headers it has
	}
	asked.URL.Scheme, asked.URL.Host, asked.Host = "", "", ""
	route, parameters, err := router.FindRoute(asked)
	unrouted := answer.StatusCode == http.StatusMethodNotAllowed || bytes.Contains(body, []byte(`"message":"Not found"`))
	if err != nil || unrouted {
		return
	}
	response := route.Operation.Responses.Status(answer.StatusCode)
	if response == nil {
		t.Errorf("%s %s: %d is not documented", request.Method, route.Path, answer.StatusCode)
		return
	}
	for name := range answer.Header {
		if !everywhere[name] && !hasHeader(response.Value, name) {
			t.Errorf("%s %s, %d: the header %s is not documented", request.Method, route.Path, answer.StatusCode, name)
		}
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	input := &openapi3filter.RequestValidationInput{Request: asked, PathParams: parameters, Route: route, Options: options}
	if answer.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s succeeded and breaks the document: %v", request.Method, route.Path, err)
		}
	}
	if len(body) == 0 || answer.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		return
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	if err != nil {
		t.Errorf("%s %s, %d: the answer breaks the document: %v", request.Method, route.Path, answer.StatusCode, err)
	}
}

func hasHeader(response *openapi3.Response, name string) bool {
	for documented := range response.Headers {
		if http.CanonicalHeaderKey(documented) == name {
			return true
		}
	}
	return false
}
