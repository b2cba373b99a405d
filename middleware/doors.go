package middleware

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
)

// Doors returns the handler of the whole site. The first segment of a path tells which door a request takes: the API,
// or the pages, which may be nil. At "/", and where neither has such a path, a client that asks for HTML, as browsers
// do, takes the pages.
func Doors(api, pages *gin.Engine) http.Handler {
	if pages == nil {
		return EndConnections(trimSlash(api))
	}
	ofAPI, ofPages := firstSegments(api), firstSegments(pages)
	return EndConnections(trimSlash(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		segment := firstSegment(r.URL.Path)
		switch {
		case ofPages[segment]:
			pages.ServeHTTP(w, r)
			return
		case ofAPI[segment]:
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Accept")
		if namesHTML(r.Header.Values("Accept")) {
			pages.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
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
