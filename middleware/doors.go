package middleware

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
)

// Doors returns the handler of the whole site. A request goes to the API if its path begins as one of the API, and to
// the pages, which may be nil, if its path is that of a page. At "/", and where there is nothing, it goes to the pages
// if it asks for HTML, as browsers do.
func Doors(api, pages *gin.Engine) http.Handler {
	if pages == nil {
		return EndConnections(trimSlash(api))
	}
	ofAPI, pagePaths := firstSegments(api), pathsOf(pages)
	return EndConnections(trimSlash(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		door := api
		if !ofAPI[firstSegment(r.URL.Path)] {
			_, page := pagePaths.Handler(r)
			if page == "" {
				w.Header().Add("Vary", "Accept")
			}
			if page != "" || namesHTML(r.Header.Values("Accept")) {
				door = pages
			}
		}
		door.ServeHTTP(w, r)
	})))
}

// firstSegments returns the first segments of the paths of a router, but for "/".
func firstSegments(r *gin.Engine) map[string]bool {
	segments := map[string]bool{}
	for _, route := range r.Routes() {
		segments[firstSegment(route.Path)] = true
	}
	delete(segments, "")
	return segments
}

func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment
}

// pathsOf returns a mux that finds the paths of a router, but for "/".
func pathsOf(r *gin.Engine) *http.ServeMux {
	mux, parameter := http.NewServeMux(), regexp.MustCompile(`:(\w+)`)
	done := map[string]bool{"/": true}
	for _, route := range r.Routes() {
		if !done[route.Path] {
			mux.Handle(parameter.ReplaceAllString(route.Path, "{$1}"), r)
		}
		done[route.Path] = true
	}
	return mux
}

// namesHTML returns whether the values of Accept name text/html. Browsers do so; programs that take anything do not.
func namesHTML(accept []string) bool {
	for mediaType, weight := range answer.Weights(accept) {
		if mediaType == "text/html" {
			return weight > 0
		}
	}
	return false
}

// trimSlash takes one slash at the end of a path as none, as Express does: /posts/ is /posts. It works before the
// router, because that would redirect, and clients send no body and no token again after a redirect.
func trimSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped := strings.TrimSuffix(r.URL.EscapedPath(), "/") // an escaped slash is a part of a segment
		if escaped == "" || escaped == r.URL.EscapedPath() || strings.HasSuffix(escaped, "/") {
			next.ServeHTTP(w, r)
			return
		}
		trimmed, url := *r, *r.URL
		url.Path = strings.TrimSuffix(url.Path, "/")
		url.RawPath = strings.TrimSuffix(url.RawPath, "/")
		trimmed.URL = &url
		next.ServeHTTP(w, &trimmed)
	})
}
