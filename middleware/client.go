package middleware

import (
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
)

// maxUserAgent is how many bytes of the User-Agent header a session keeps.
const maxUserAgent = 200

// ClientOf returns who sends a request. It cuts the User-Agent header to a length and to valid UTF-8, which databases
// require.
func ClientOf(c *gin.Context) auth.Client {
	agent := c.Request.UserAgent()
	agent = strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "")
	return auth.Client{UserAgent: agent, IP: c.ClientIP()}
}
