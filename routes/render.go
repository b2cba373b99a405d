package routes

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// render answers with v as JSON. It does not escape characters that have a meaning only in HTML.
func render(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true)) // an error may quote the request
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	c.Header("Content-Length", strconv.Itoa(len(body)))
	c.Data(status, "application/json; charset=utf-8", body)
	return nil
}

// timestamp renders as RFC 3339 in UTC with milliseconds.
type timestamp time.Time

// AppendText implements encoding.TextAppender.
func (t timestamp) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z"), nil
}

// MarshalText implements encoding.TextMarshaler.
func (t timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }
