package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
)

// maxNext is how many bytes the address of the page after a login has at most.
const maxNext = 2 << 10

// localPath returns the address in a parameter "next" if it is a path of this site, and otherwise "/". Browsers take
// "//host" and "/\host" for addresses of other sites, and skip control characters.
func localPath(next string) string {
	target, err := url.Parse(next)
	if err != nil || target.Scheme != "" || target.Host != "" || target.User != nil || target.Opaque != "" {
		return "/"
	}
	for _, path := range []string{target.EscapedPath(), target.Path} {
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsFunc(path, isUnsafe) {
			return "/"
		}
	}
	if strings.ContainsFunc(next, isUnsafe) || len(target.String()) > maxNext {
		return "/"
	}
	return target.String()
}

// isUnsafe returns whether browsers may read an address with this character in another way than the server.
func isUnsafe(r rune) bool { return r == '\\' || unicode.IsControl(r) }

// askToLogIn sends somebody who is not logged in to the login, and back to this page then.
func askToLogIn(c *gin.Context) error {
	path, query := c.Request.URL.EscapedPath(), c.Request.URL.Query()
	query.Del("done") // what was done, was done before
	next := urls.WithQuery(path, query)
	if len(next) > maxNext {
		next = path
	}
	if !isRead(c) && strings.HasPrefix(path, "/account/") { // not all of these show something
		next = "/account"
	}
	return redirect(c, http.StatusSeeOther, loginAddress(next))
}

// loginAddress returns the address to log in, and to go to a path of this site then.
func loginAddress(next string) string { return withNext("/login", next) }

// withNext returns the address of a form that leads to another path.
func withNext(path, next string) string { return urls.WithQuery(path, url.Values{"next": {next}}) }

// isRead returns whether a request asks for a page, and does nothing.
func isRead(c *gin.Context) bool {
	return c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
}
