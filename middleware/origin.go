package middleware

import (
	"regexp"

	"github.com/gin-gonic/gin"
)

// hostForm is a name or an address, perhaps with a port, as the Host header has it (RFC 9110, section 7.2).
var hostForm = regexp.MustCompile(`^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$`)

// Origin returns the address of the site without a slash at its end: base, the setting BASE_URL, or where that is not
// set, what the client typed. Behind a proxy that speaks TLS only BASE_URL is right. A Host header that is no host
// gives "http://localhost".
//
// An answer that has the origin depends on the request's Host: see Keeper.KeepBy.
func Origin(c *gin.Context, base string) string {
	switch {
	case base != "":
		return base
	case len(c.Request.Host) > 255 || !hostForm.MatchString(c.Request.Host):
		return "http://localhost"
	case c.Request.TLS != nil:
		return "https://" + c.Request.Host
	default:
		return "http://" + c.Request.Host
	}
}
