package routes

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/middleware"
)

// jsonContentType is the type of all answers but the page and the files of /docs.
const jsonContentType = "application/json; charset=utf-8"

// render answers with v as JSON.
func render(c *gin.Context, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	middleware.SetAnswer(c, status, jsonContentType, body)
	return nil
}

// encode returns v as JSON. It does not escape characters that have a meaning only in HTML.
func encode(v any) ([]byte, error) {
	body, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true)) // an error may quote the request
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return body, nil
}

// timestamp renders as RFC 3339 in UTC with milliseconds.
type timestamp time.Time

// AppendText implements encoding.TextAppender.
func (t timestamp) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z"), nil
}

// MarshalText implements encoding.TextMarshaler.
func (t timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }
