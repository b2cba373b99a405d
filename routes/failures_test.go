package routes_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/internal/httperror"
	"gin-blog/internal/testkit"
	"gin-blog/middleware"
	"gin-blog/routes"
)

// brokenPages are pages with mistakes in handlers and in the rendering of errors.
type brokenPages struct{}

func (brokenPages) AddTo(r *gin.Engine, first gin.HandlerFunc) {
	fail := func(*gin.Context) error { return errors.New("a mistake") }
	answer := func(c *gin.Context) {
		c.Header("ETag", `"1"`)
		c.Header("Location", "/elsewhere")
		middleware.SetAnswer(c, http.StatusOK, "text/html; charset=utf-8", []byte("half of a page"))
	}
	renderers := map[string]middleware.ErrorRenderer{
		"fails":  func(*gin.Context, *httperror.Error) error { return errors.New("a broken template") },
		"panics": func(*gin.Context, *httperror.Error) error { panic("a broken template") },
		"fails late": func(c *gin.Context, _ *httperror.Error) error {
			answer(c)
			return errors.New("a broken template")
		},
		"panics late": func(c *gin.Context, _ *httperror.Error) error {
			answer(c)
			panic("a broken template")
		},
	}
	r.GET("/", first)
	for name, render := range renderers {
		broken := r.Group("", func(c *gin.Context) { middleware.UseErrorRenderer(c, render) })
		middleware.Route(broken, "GET /renderer/"+strings.ReplaceAll(name, " ", "-"), fail)
	}
	middleware.Route(r, "GET /handler/silent", func(*gin.Context) error { return nil })
	middleware.Route(r, "GET /handler/fails-late", func(c *gin.Context) error {
		answer(c)
		return errors.New("a mistake")
	})
	middleware.Route(r, "GET /handler/panics-late", func(c *gin.Context) error {
		answer(c)
		panic("a mistake")
	})
}

func (brokenPages) NotFound(*gin.Context) {}

// TestFailuresAreNeverAnEmptyPage: whatever fails in a handler or in a renderer, the answer is 500, and has nothing of
// what was made before. The log says why.
func TestFailuresAreNeverAnEmptyPage(t *testing.T) {
	s := newServer(t, testkit.SQLite(t), func(o *routes.Options, _ *auth.SessionOptions) { o.Pages = brokenPages{} })
	for _, path := range []string{
		"/renderer/fails", "/renderer/panics", "/renderer/fails-late", "/renderer/panics-late",
		"/handler/silent", "/handler/fails-late", "/handler/panics-late",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			request, err := testkit.NewRequest(t.Context(), method, s.url+path, "", header{"If-None-Match": `"1"`})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := testkit.Do(request)
			if err != nil {
				t.Errorf("%s %s: %v", method, path, err)
				continue
			}
			if answer.Status != 500 || answer.Header.Get("X-Request-ID") == "" || answer.Header.Get("Content-Length") == "0" ||
				answer.Header.Get("ETag")+answer.Header.Get("Location") != "" {
				t.Errorf("%s %s: %d %v", method, path, answer.Status, answer.Header)
			}
			if method == "GET" && !strings.Contains(answer.Body, "Something went wrong") ||
				strings.Contains(answer.Body, "half") || strings.Contains(answer.Body, "broken") {
				t.Errorf("%s %s: %q", method, path, answer.Body)
			}
			line := s.requestLine(t, &response{what: method + " " + path, header: answer.Header})
			if !strings.Contains(line, "level=ERROR") || !strings.Contains(line, " status=500 ") ||
				!strings.Contains(line, " cause=") {
				t.Errorf("%s %s: the log says %q", method, path, line)
			}
		}
	}
}
