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

// stamps are when a resource was created, and when it was last changed.
type stamps struct {
	CreatedAt timestamp `json:"createdAt"`
	UpdatedAt timestamp `json:"updatedAt"`
}

func (s stamps) modified() time.Time { return time.Time(s.UpdatedAt) }

// resource is a record whose state conditional requests refer to.
type resource interface {
	models.Record
	Version() string
}

// stamped is the body of a resource.
type stamped interface{ modified() time.Time }

// renderResource answers with a resource, or returns the error of the call for it.
func renderResource[R resource, B stamped](c *gin.Context, r R, err error, body func(R) B) error {
	if err != nil {
		return err
	}
	if err := answer.Reserve(c, r.Size()); err != nil {
		return err
	}
	shown := body(r)
	tagResource(c, r.Version(), shown.modified())
	return render(c, http.StatusOK, shown)
}

// tagResource sets the headers that conditional requests refer to.
func tagResource(c *gin.Context, version string, modified time.Time) {
	c.Header("ETag", etag(version))
	c.Header("Last-Modified", modified.UTC().Format(http.TimeFormat))
}

// renderCreated answers with a resource that was created, under its name, such as "post", or returns the error of the
// call for it.
func renderCreated[R resource, B stamped](c *gin.Context, name string, r R, err error, body func(R) B) error {
	if err != nil {
		return err
	}
	shown := body(r)
	encoded, err := encode(shown)
	if err != nil {
		return err
	}
	tagResource(c, r.Version(), shown.modified())
	c.Header("Location", "/"+name+"s/"+r.RecordID().Hex())
	message := strings.ToUpper(name[:1]) + name[1:] + " created"
	encoded = fmt.Appendf(nil, `{"message":%q,%q:%s}`, message, name, encoded)
	answer.Set(c, http.StatusCreated, jsonContentType, encoded)
	return nil
}

// done answers a call that has nothing to show.
func done(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// renderTagged answers with a body and its ETag.
func renderTagged(c *gin.Context, contentType string, body []byte) error {
	c.Header("ETag", answer.Tag(body, ""))
	answer.Set(c, http.StatusOK, contentType, body)
	return nil
}

// renderTaggedJSON answers with v as JSON and its ETag.
func renderTaggedJSON(c *gin.Context, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	return renderTagged(c, jsonContentType, body)
}

// renderPage answers with a page of a list.
func renderPage[T models.Record, B any](c *gin.Context, q query, page []T, more bool, body func(*T) B) error {
	rows := make([]B, len(page))
	for i := range page {
		rows[i] = body(&page[i])
	}
	return renderRows(c, q, page, more, rows)
}

// renderRows answers with the bodies of a page, and links to the pages beside it. Only a page for everybody has an ETag
// and a link to the first page: no cache stores what a user asks for.
func renderRows[T models.Record, B any](c *gin.Context, q query, page []T, more bool, rows []B) error {
	size := 0
	for i := range page {
		size += page[i].Size()
	}
	if err := answer.Reserve(c, size); err != nil {
		return err
	}
	encoded, err := encode(rows)
	if err != nil {
		return err
	}
	isForAll := middleware.CurrentUser(c) == nil
	link := links(q, c.Request.URL.Path, page, more, isForAll)
	c.Header("Link", link) // none if it is empty
	if isForAll {
		c.Header("ETag", answer.Tag(encoded, link))
	}
	answer.Set(c, http.StatusOK, jsonContentType, encoded)
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
