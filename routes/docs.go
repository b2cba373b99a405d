package routes

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"mime"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
	"github.com/swaggest/swgui/v5/static"

	"gin-blog/internal/answer"
	"gin-blog/internal/site"
	"gin-blog/middleware"
)

//go:embed openapi.yaml
var openAPI []byte

//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page load from this server only. Swagger UI's script sets styles.
const docsPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

// newDocs returns the handler of the document that describes the API, and of a page to try the API in. It reads them
// when the first of them is asked for. The page has the title and the colors of the site.
func newDocs(s *site.Site) middleware.Handler {
	read := sync.OnceValues(func() (map[string]*answer.Body, error) { return readDocs(s) })
	return func(c *gin.Context) error {
		files, err := read()
		if err != nil {
			return err
		}
		file, ok := files[c.Request.URL.Path]
		if !ok {
			return errNoPath
		}
		if file == files["/docs"] {
			c.Header("Content-Security-Policy", docsPolicy)
		}
		return file.Send(c, "no-cache")
	}
}

// readDocs reads the document, our own files of the page, and those of Swagger UI, most of which are compressed. It
// returns them by their paths.
func readDocs(s *site.Site) (map[string]*answer.Body, error) {
	asJSON, err := yaml.YAMLToJSON(openAPI)
	if err != nil {
		return nil, fmt.Errorf("convert openapi.yaml: %w", err)
	}
	files := map[string]*answer.Body{
		"/openapi.yaml": answer.NewBody("application/yaml; charset=utf-8", openAPI),
		"/openapi.json": answer.NewBody(jsonContentType, asJSON),
	}
	for pattern, dir := range map[string]fs.ReadFileFS{"docs/*": docsFiles, "*": static.FS} {
		names, err := fs.Glob(dir, pattern)
		if err != nil {
			return nil, fmt.Errorf("list the files of /docs: %w", err)
		}
		for _, file := range names {
			content, err := dir.ReadFile(file)
			name, compressed := strings.CutSuffix(path.Base(file), ".gz")
			if err == nil && compressed {
				content, err = gunzip(content)
			}
			if err != nil {
				return nil, fmt.Errorf("read %s for /docs: %w", file, err)
			}
			if name == "index.css" {
				content = append(s.Palette(), content...)
			}
			files["/docs/"+name] = answer.NewBody(mime.TypeByExtension(path.Ext(name)), content)
		}
	}
	page, err := template.ParseFS(docsFiles, "docs/index.html")
	var html bytes.Buffer
	if err == nil {
		err = page.Execute(&html, s)
	}
	if err != nil {
		return nil, fmt.Errorf("render /docs: %w", err)
	}
	files["/docs"] = answer.NewBody("text/html; charset=utf-8", html.Bytes())
	files["/docs/index.html"] = files["/docs"]
	return files, nil
}

func gunzip(compressed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
