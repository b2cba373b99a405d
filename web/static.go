package web

import (
	"embed"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
)

//go:embed static templates
var files embed.FS

// asset is a file whose name changes with its content, so that browsers need not ask for it again.
type asset struct {
	name        string
	contentType string
	body        *middleware.Body
}

// newAsset reads a file of static/.
func newAsset(file, contentType string) (*asset, error) {
	content, err := files.ReadFile("static/" + file)
	if err != nil {
		return nil, err
	}
	tag := middleware.ContentTag(content, "")
	name, extension, _ := strings.Cut(file, ".")
	return &asset{
		name: name + "-" + tag[1:9] + "." + extension, contentType: contentType, body: middleware.NewBody(content),
	}, nil
}

// path returns the address of the file.
func (a *asset) path() string { return "/static/" + a.name }

// static answers with a file.
func (p *Pages) static(c *gin.Context) error {
	for _, a := range []*asset{p.style, p.autosave} {
		if c.Param("file") == a.name {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
			middleware.SetBody(c, http.StatusOK, a.contentType, a.body)
			return nil
		}
	}
	return errNoPage
}
