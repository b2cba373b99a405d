package routes_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/internal/testkit"
	"gin-blog/middleware"
)

// TestFailuresAreNeverAnEmptyPage: whatever fails in a handler or in a renderer, the answer is 500, and has nothing of
// what was made before. The log says why.
func TestFailuresAreNeverAnEmptyPage(t *testing.T) {
	begin := func(c *gin.Context) {
		c.Header("ETag", `"1"`)
		c.Header("Location", "/elsewhere")
		answer.Set(c, http.StatusOK, "text/html; charset=utf-8", []byte("half of a page"))
	}
	fail := func(*gin.Context) error { return errors.New("a mistake") }
	sound := func(c *gin.Context, e *answer.Error) error {
		answer.Set(c, e.Code, "text/plain", []byte(e.Message))
		return nil
	}
	for name, broken := range map[string]struct {
		handler middleware.Handler
		render  middleware.ErrorRenderer
	}{
		"the renderer fails":  {fail, func(*gin.Context, *answer.Error) error { return errors.New("a broken template") }},
		"the renderer panics": {fail, func(*gin.Context, *answer.Error) error { panic("a broken template") }},
		"the renderer fails late": {fail, func(c *gin.Context, _ *answer.Error) error {
			begin(c)
			return errors.New("a broken template")
		}},
		"the renderer panics late": {fail, func(c *gin.Context, _ *answer.Error) error {
			begin(c)
			panic("a broken template")
		}},
		"the handler is silent": {func(*gin.Context) error { return nil }, sound},
		"the handler fails late": {func(c *gin.Context) error {
			begin(c)
			return errors.New("a mistake")
		}, sound},
		"the handler panics late": {func(c *gin.Context) error {
			begin(c)
			panic("a mistake")
		}, sound},
	} {
		s := &server{t: t, log: new(testkit.Output)}
		door := middleware.NewBase(middleware.BaseOptions{Log: slog.New(slog.NewTextHandler(s.log, nil))}).Door(broken.render)
		middleware.Route(door, "GET /", broken.handler)
		listener := httptest.NewServer(middleware.Doors(door, nil))
		defer listener.Close()
		for _, method := range []string{"GET", "HEAD"} {
			request, err := testkit.NewRequest(t.Context(), method, listener.URL, "", header{"If-None-Match": `"1"`})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := testkit.Do(request)
			if err != nil {
				t.Errorf("%s, %s: %v", name, method, err)
				continue
			}
			if answer.Status != 500 || answer.Header.Get("X-Request-ID") == "" || answer.Header.Get("Content-Length") == "0" ||
				answer.Header.Get("ETag")+answer.Header.Get("Location") != "" {
				t.Errorf("%s, %s: %d %v", name, method, answer.Status, answer.Header)
			}
			if method == "GET" && !strings.Contains(answer.Body, "Something went wrong") ||
				strings.Contains(answer.Body, "half") || strings.Contains(answer.Body, "broken") {
				t.Errorf("%s, %s: %q", name, method, answer.Body)
			}
			line := s.requestLine(t, &response{what: name + ", " + method, header: answer.Header})
			if !strings.Contains(line, "level=ERROR") || !strings.Contains(line, " status=500 ") ||
				!strings.Contains(line, " cause=") {
				t.Errorf("%s, %s: the log says %q", name, method, line)
			}
		}
	}
}
