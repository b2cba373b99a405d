package routes

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/middleware"
	"gin-blog/models"
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

// renderPage answers with a page of the list at path. It links to the first page and, unless next is the zero ID, to
// the page after next.
func renderPage(c *gin.Context, q query, path string, rows any, next models.ID) error {
	links := []string{q.link(path, "first", models.ID{})}
	if !next.IsZero() {
		links = append(links, q.link(path, "next", next))
	}
	link := strings.Join(links, ", ")
	body, err := encode(rows)
	if err != nil {
		return err
	}
	c.Header("Link", link)
	c.Header("ETag", middleware.ContentTag(body, link))
	middleware.SetAnswer(c, http.StatusOK, jsonContentType, body)
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
