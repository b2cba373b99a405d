package middleware

import (
	"net/url"

	"github.com/gin-gonic/gin"
)

// KnownQuery leaves only the known parameters in the query of a request. So a Keeper keeps one answer for all addresses
// that mean the same. It leaves a query that is not URL-encoded to the handler.
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
