package routes

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/internal/answer"
	"gin-blog/middleware"
	"gin-blog/models"
)

// jsonContentType is the type of all answers but the page and the files of /docs.
const jsonContentType = "application/json; charset=utf-8"

// errorBody is the answer to a request that failed.
type errorBody struct {
	Error     string              `json:"error"`
	Message   string              `json:"message"`
	Details   []models.FieldError `json:"details,omitempty"`
	RequestID string              `json:"requestId"`
}

// renderError is the middleware.ErrorRenderer of the API.
func renderError(c *gin.Context, e *answer.Error) error {
	if e.Challenge != "" {
		c.Header("WWW-Authenticate", e.Challenge)
	}
	return render(c, e.Code, errorBody{
		Error: e.Name, Message: e.Message, Details: e.Fields, RequestID: middleware.RequestIDOf(c),
	})
}

// render answers with v as JSON.
func render(c *gin.Context, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	answer.Set(c, status, jsonContentType, body)
	return nil
}

// etag returns the ETag of a resource in a version.
func etag(version string) string { return `"` + version + `"` }

// renderResource answers with a resource, and the headers that conditional requests refer to.
func renderResource(c *gin.Context, resource any, version string, modified time.Time) error {
	tagResource(c, version, modified)
	return render(c, http.StatusOK, resource)
}

func tagResource(c *gin.Context, version string, modified time.Time) {
	c.Header("ETag", etag(version))
	c.Header("Last-Modified", modified.UTC().Format(http.TimeFormat))
}

// renderCreated answers with a resource that was created, under its name, such as "post".
func renderCreated(c *gin.Context, name string, resource any, version string, modified time.Time) error {
	body, err := encode(resource)
	if err != nil {
		return err
	}
	tagResource(c, version, modified)
	message := strings.ToUpper(name[:1]) + name[1:] + " created"
	body = fmt.Appendf(nil, `{"message":%q,%q:%s}`, message, name, body)
	answer.Set(c, http.StatusCreated, jsonContentType, body)
	return nil
}

// done answers a call that has nothing to show.
func done(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// renderTagged answers with a body that is not JSON, and an ETag.
func renderTagged(c *gin.Context, contentType string, body []byte) error {
	c.Header("ETag", answer.Tag(body, ""))
	answer.Set(c, http.StatusOK, contentType, body)
	return nil
}

// renderPage answers with a page of a list for everybody. It links to the first page and to the next one.
func renderPage[T models.Record, B any](c *gin.Context, q query, page []T, more bool, body func(*T) B) error {
	rows, next, err := rowsOf(c, q, page, more, body)
	if err != nil {
		return err
	}
	links := q.link(c.Request.URL.Path, "first", models.ID{})
	if next != "" {
		links += ", " + next
	}
	encoded, err := encode(rows)
	if err != nil {
		return err
	}
	c.Header("Link", links)
	c.Header("ETag", answer.Tag(encoded, links))
	answer.Set(c, http.StatusOK, jsonContentType, encoded)
	return nil
}

// renderOwnPage answers with a page of a list that is not for everybody, and that no cache stores.
func renderOwnPage[T models.Record, B any](c *gin.Context, q query, page []T, more bool, body func(*T) B) error {
	rows, next, err := rowsOf(c, q, page, more, body)
	if err != nil {
		return err
	}
	if next != "" {
		c.Header("Link", next)
	}
	return render(c, http.StatusOK, rows)
}

// rowsOf returns the rows of a page as JSON has them, and the link to the next page, "" if there is none. It reserves
// the memory for them.
func rowsOf[T models.Record, B any](
	c *gin.Context, q query, page []T, more bool, body func(*T) B,
) (rows []B, next string, err error) {
	rows, size := make([]B, len(page)), 0
	for i := range page {
		rows[i] = body(&page[i])
		size += page[i].Size()
	}
	if more {
		next = q.link(c.Request.URL.Path, "next", page[len(page)-1].RecordID())
	}
	return rows, next, answer.Reserve(c, size)
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
