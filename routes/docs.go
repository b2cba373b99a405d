package routes

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
	"github.com/swaggest/swgui/v5/static"

	"gin-blog/middleware"
)

//go:embed openapi.yaml
var openAPI []byte

//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page load from this server only. Swagger UI's script sets styles.
const docsPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

// docs are the handlers of the document that describes the API, and of a page to try the API in.
type docs struct {
	yaml, json *asset
	files      func() (map[string]*asset, error) // of the page, by name; read when the first of them is asked for
}

// asset is a file that never changes while the program runs.
type asset struct {
	contentType string
	body        *middleware.Body
	etag        string
}

func newAsset(contentType string, content []byte) *asset {
	return &asset{contentType, middleware.NewBody(content), middleware.ContentTag(content, "")}
}

// serve answers with the file.
func (a *asset) serve(c *gin.Context) error {
	c.Header("ETag", a.etag)
	c.Header("Cache-Control", "no-cache")
	middleware.SetBody(c, http.StatusOK, a.contentType, a.body)
	return nil
}

func newDocs() (*docs, error) {
	asJSON, err := yaml.YAMLToJSON(openAPI)
	if err != nil {
		return nil, fmt.Errorf("convert openapi.yaml: %w", err)
	}
	return &docs{
		yaml:  newAsset("application/yaml; charset=utf-8", openAPI),
		json:  newAsset(jsonContentType, asJSON),
		files: sync.OnceValues(readDocsFiles),
	}, nil
}

// readDocsFiles reads the files of the page: our own, and those of Swagger UI, most of which are compressed.
func readDocsFiles() (map[string]*asset, error) {
	files := map[string]*asset{}
	for _, dir := range []fs.FS{docsFiles, static.FS} {
		err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(dir, name)
			if err != nil {
				return err
			}
			name, compressed := strings.CutSuffix(path.Base(name), ".gz")
			if compressed {
				content, err = gunzip(content)
			}
			files[name] = newAsset(mime.TypeByExtension(path.Ext(name)), content)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the files of /docs: %w", err)
		}
	}
	return files, nil
}

func gunzip(compressed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (d *docs) openAPI(c *gin.Context) error {
	return d.yaml.serve(c)
}

func (d *docs) openAPIAsJSON(c *gin.Context) error {
	return d.json.serve(c)
}

func (d *docs) page(c *gin.Context) error {
	c.Header("Content-Security-Policy", docsPolicy)
	return d.serveFile(c, "index.html")
}

func (d *docs) file(c *gin.Context) error {
	return d.serveFile(c, strings.TrimPrefix(c.Param("file"), "/"))
}

func (d *docs) serveFile(c *gin.Context, name string) error {
	files, err := d.files()
	if err != nil {
		return err
	}
	file, ok := files[name]
	if !ok {
		return errNoPath
	}
	return file.serve(c)
}
