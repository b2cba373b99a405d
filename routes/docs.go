package routes

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
	"github.com/swaggest/swgui/v5/static"
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
	name        string
	contentType string // "" to derive it from the name
	content     []byte
	etag        string
}

func newAsset(name, contentType string, content []byte) *asset {
	return &asset{name, contentType, content, contentTag(content, "")}
}

// serve answers with the file, or 304 if the client has it. It serves no ranges, which would be of another
// representation where the answer is compressed.
func (a *asset) serve(c *gin.Context) {
	c.Request.Header.Del("Range")
	c.Header("ETag", a.etag)
	c.Header("Cache-Control", "no-cache")
	if a.contentType != "" {
		c.Header("Content-Type", a.contentType)
	}
	http.ServeContent(c.Writer, c.Request, a.name, time.Time{}, bytes.NewReader(a.content))
}

func newDocs() (*docs, error) {
	asJSON, err := yaml.YAMLToJSON(openAPI)
	if err != nil {
		return nil, fmt.Errorf("convert openapi.yaml: %w", err)
	}
	return &docs{
		yaml:  newAsset("openapi.yaml", "application/yaml; charset=utf-8", openAPI),
		json:  newAsset("openapi.json", "application/json; charset=utf-8", asJSON),
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
			files[name] = newAsset(name, "", content)
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
	d.yaml.serve(c)
	return nil
}

func (d *docs) openAPIAsJSON(c *gin.Context) error {
	d.json.serve(c)
	return nil
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
	file.serve(c)
	return nil
}
