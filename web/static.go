package web

import (
	"embed"
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
)

//go:embed static templates
var files embed.FS

// readAssets reads the files of static/. The path of each changes with its content, so that browsers need not ask for
// it again.
func (p *Pages) readAssets() error {
	entries, err := files.ReadDir("static")
	if err != nil {
		return fmt.Errorf("list the static files: %w", err)
	}
	p.assets, p.assetPaths = map[string]*answer.Body{}, map[string]string{}
	for _, entry := range entries {
		content, err := files.ReadFile("static/" + entry.Name())
		if err != nil {
			return fmt.Errorf("read a static file: %w", err)
		}
		if entry.Name() == "style.css" {
			content = slices.Concat(p.Site.Palette(), content, p.Site.CSS)
		}
		extension := path.Ext(entry.Name())
		asset := answer.NewBody(mime.TypeByExtension(extension), content)
		at := "/static/" + strings.TrimSuffix(entry.Name(), extension) + "-" + asset.Tag[1:9] + extension
		p.assets[at], p.assetPaths[entry.Name()] = asset, at
	}
	return nil
}

// static answers with a file.
func (p *Pages) static(c *gin.Context) error {
	asset, ok := p.assets[c.Request.URL.Path]
	if !ok {
		return errNoPage
	}
	return asset.Send(c, "public, max-age=31536000, immutable")
}
