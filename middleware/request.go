// Package middleware is what wraps the handlers: what happens to a request before and after them.
//
// A middleware that refuses a request adds an error to gin's context and aborts. The ErrorRenderer of the door answers.
package middleware

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/auth"
	"gin-blog/internal/urls"
	"gin-blog/models"
)

const (
	requestIDHeader = "X-Request-ID"
	requestIDKey    = "requestID"
	originKey       = "origin"
	// maxUserAgent is how many bytes of the User-Agent header a session keeps.
	maxUserAgent = 200
)

// requestID gives every request an id: the client's X-Request-ID if that is 8 to 64 letters, digits, _ or -,
// otherwise a random one. The answer has it in the same header.
func requestID() gin.HandlerFunc {
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)
	return func(c *gin.Context) {
		id := c.GetHeader(requestIDHeader)
		if !form.MatchString(id) {
			id = rand.Text()
		}
		c.Set(requestIDKey, id)
		c.Header(requestIDHeader, id)
	}
}

// RequestIDOf returns the id of a request.
func RequestIDOf(c *gin.Context) string { return c.GetString(requestIDKey) }

// Origin finds out at which address of a site a request arrives, for OriginOf. It refuses a request that does not tell.
func Origin(site *urls.Address) gin.HandlerFunc {
	return Handle(func(c *gin.Context) error {
		origin, err := site.Of(c.Request)
		c.Set(originKey, origin)
		return err
	})
}

// OriginOf returns the address of the site as the client of a request sees it, without a slash at the end.
func OriginOf(c *gin.Context) string { return c.GetString(originKey) }

// ClientOf returns who sends a request. It cuts the User-Agent header to a length and to valid UTF-8, which databases
// require.
func ClientOf(c *gin.Context) auth.Client {
	agent := c.Request.UserAgent()
	agent = strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "")
	return auth.Client{UserAgent: agent, IP: c.ClientIP()}
}

// KnownQuery leaves only the known parameters in the query of a request. So an answer.Keeper keeps one answer for all
// addresses that mean the same. It leaves a query that is not URL-encoded to the handler.
func KnownQuery(known ...string) gin.HandlerFunc {
	return func(c *gin.Context) {
		sent, err := url.ParseQuery(c.Request.URL.RawQuery)
		if err != nil {
			return
		}
		query := url.Values{}
		for _, name := range known {
			if values, ok := sent[name]; ok {
				query[name] = values
			}
		}
		SetQuery(c, query)
	}
}

// SetQuery gives the handlers a copy of the request with another query, and with the path as it is usually escaped.
func SetQuery(c *gin.Context, query url.Values) {
	address := *c.Request.URL
	address.RawQuery, address.RawPath = query.Encode(), ""
	c.Request = c.Request.WithContext(c.Request.Context())
	c.Request.URL = &address
}

// limitPatience lets a request wait for the store as long as models.WithPatience says, however often it asks.
func limitPatience(c *gin.Context) {
	c.Request = c.Request.WithContext(models.WithPatience(c.Request.Context()))
}
