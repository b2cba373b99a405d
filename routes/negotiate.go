package routes

import (
	"mime"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// unlessHTML answers with handlers if a client does not ask for HTML, and ends the request. If a client does, a page
// follows. The handlers must not call Next.
func unlessHTML(handlers ...gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Writer.Header().Add("Vary", "Accept")
		if namesHTML(c.Request.Header.Values("Accept")) {
			return
		}
		for _, handle := range handlers {
			if !c.IsAborted() {
				handle(c)
			}
		}
		c.Abort()
	}
}

// namesHTML returns whether the values of Accept name text/html. Browsers do so; programs that take anything do not.
func namesHTML(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		mediaType, parameters, err := mime.ParseMediaType(part)
		if err != nil || mediaType != "text/html" {
			continue
		}
		weight, err := strconv.ParseFloat(parameters["q"], 64)
		return err != nil || weight > 0
	}
	return false
}
