package middleware

import (
	"net/http"
	"strings"
)

// TrimSlash takes one slash at the end of a path as none, as Express does: /posts/ is /posts. It works before the
// router, because that would redirect, and clients send no body and no token again after a redirect.
func TrimSlash(next http.Handler) http.Handler {
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
