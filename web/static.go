package web

import (
	"embed"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
)

//go:embed static templates
var files embed.FS

// asset is a file whose name changes with its content, so that browsers need not ask for it again.
type asset struct {
	name string
	body *middleware.Body
}

// newStyle reads the style sheet.
func newStyle() (*asset, error) {
	content, err := files.ReadFile("static/style.css")
	if err != nil {
		return nil, err
	}
	tag := middleware.ContentTag(content, "")
	return &asset{name: "style-" + tag[1:9] + ".css", body: middleware.NewBody(content)}, nil
}

// static answers with the style sheet.
func (p *Pages) static(c *gin.Context) error {
	if c.Param("file") != p.style.name {
		return errNoPage
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	middleware.SetBody(c, http.StatusOK, "text/css; charset=utf-8", p.style.body)
	return nil
}
