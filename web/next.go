package web

import (
	"net/url"
	"strings"
	"unicode"
)

// localPath returns the address in a parameter "next" if it is a path of this site, and otherwise "/". Browsers take
// "//host" and "/\host" for addresses of other sites, and skip control characters.
func localPath(next string) string {
	target, err := url.Parse(next)
	if err != nil || target.Scheme != "" || target.Host != "" || target.User != nil || target.Opaque != "" {
		return "/"
	}
	decoded, err := url.PathUnescape(next)
	if err != nil {
		return "/"
	}
	for _, path := range []string{next, decoded} {
		isUnsafe := strings.ContainsFunc(path, func(r rune) bool { return r == '\\' || unicode.IsControl(r) })
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || isUnsafe {
			return "/"
		}
	}
	return target.String()
}
