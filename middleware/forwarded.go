package middleware

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
)

// forwardedFor leaves in X-Forwarded-For the one address that counts, for gin, which knows no ports. Each proxy adds to
// the header who it got the request from. So the client is the last one that is no trusted proxy, and what stands
// before that may be made up. From anybody else, the header does not count.
func forwardedFor(proxies urls.Proxies, hint *Hint) gin.HandlerFunc {
	return func(c *gin.Context) {
		sent := c.Request.Header.Values("X-Forwarded-For")
		if len(sent) == 0 {
			return
		}
		if !proxies.Trust(urls.ParseAddr(c.Request.RemoteAddr)) {
			hint.Warn("X-Forwarded-For does not count: it came from an address that is not in TRUSTED_PROXIES. If that is "+
				"your proxy, add it, or all its clients have one address and share the limits", "address", c.RemoteIP())
			return
		}
		client := ""
		for _, entry := range slices.Backward(strings.Split(strings.Join(sent, ","), ",")) {
			address := urls.ParseAddr(strings.TrimSpace(entry))
			if !address.IsValid() {
				break
			}
			if client = address.String(); !proxies.Trust(address) {
				break
			}
		}
		c.Request.Header.Set("X-Forwarded-For", client)
	}
}
