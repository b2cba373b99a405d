package routes

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
)

// encodeResource returns a resource as JSON, and sets the headers that conditional requests refer to.
func encodeResource(c *gin.Context, resource any, modified time.Time) ([]byte, error) {
	body, err := encode(resource)
	if err != nil {
		return nil, err
	}
	c.Header("ETag", middleware.ContentTag(body, ""))
	c.Header("Last-Modified", modified.UTC().Format(http.TimeFormat))
	return body, nil
}

// renderResource answers with a resource.
func renderResource(c *gin.Context, resource any, modified time.Time) error {
	body, err := encodeResource(c, resource, modified)
	if err != nil {
		return err
	}
	middleware.SetAnswer(c, http.StatusOK, jsonContentType, body)
	return nil
}

// renderTagged answers with a body that is not JSON, and an ETag.
func renderTagged(c *gin.Context, contentType string, body []byte) error {
	c.Header("ETag", middleware.ContentTag(body, ""))
	middleware.SetAnswer(c, http.StatusOK, contentType, body)
	return nil
}

// refusedPreconditions are the errors for a kind of resource whose preconditions do not hold.
type refusedPreconditions struct {
	changed  error // If-Match or If-Unmodified-Since want another state
	excluded error // If-None-Match excludes the present state
}

// checkPreconditions returns one of the refusals if the preconditions of a write do not hold for a resource, which has
// this representation and was last modified then. If they hold, it returns the state that the write must find
// unchanged: the resource, or nil for any state.
func checkPreconditions[T any](
	c *gin.Context, resource *T, representation any, modified time.Time, refused refusedPreconditions,
) (ifUnchanged *T, err error) {
	header := c.Request.Header
	if !middleware.HasPreconditions(header) {
		return nil, nil
	}
	body, err := encode(representation)
	if err != nil {
		return nil, err
	}
	preconditions := middleware.CheckWrite(header, middleware.ContentTag(body, ""), modified)
	switch {
	case preconditions.Changed:
		return nil, refused.changed
	case preconditions.Excluded:
		return nil, refused.excluded
	case preconditions.Conditional:
		return resource, nil
	}
	return nil, nil
}
