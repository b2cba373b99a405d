package routes

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
	"github.com/swaggest/swgui/v5/static"
	"github.com/swaggest/swgui/v5emb"
)

//go:embed openapi.yaml
var openAPI []byte

// openapi returns the handlers of the document that describes the API, as it is written and as JSON.
func openapi() (asYAML, asJSON handler, err error) {
	converted, err := yaml.YAMLToJSON(openAPI)
	if err != nil {
		return nil, nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	serve := func(contentType string, document []byte) handler {
		return func(c *gin.Context) error {
			c.Data(http.StatusOK, contentType, document)
			return nil
		}
	}
	return serve("application/yaml; charset=utf-8", openAPI), serve("application/json; charset=utf-8", converted), nil
}

// docs returns the handlers of a page to try the API in (Swagger UI) and of its files, all of which are in the binary.
func docs() (page, file handler) {
	ui := v5emb.New("gin-blog", "/openapi.yaml", "/docs")
	rendered := httptest.NewRecorder()
	ui.ServeHTTP(rendered, httptest.NewRequest(http.MethodGet, "/docs", nil))
	html := rendered.Body.Bytes()
	policy := contentSecurityPolicy(html)

	page = func(c *gin.Context) error {
		c.Header("Content-Security-Policy", policy)
		c.Data(http.StatusOK, "text/html; charset=utf-8", html)
		return nil
	}
	file = func(c *gin.Context) error {
		name := strings.TrimPrefix(c.Param("file"), "/")
		if !isFile(name) && !isFile(name+".gz") {
			return notFound("Not found")
		}
		ui.ServeHTTP(c.Writer, c.Request)
		return nil
	}
	return page, file
}

func isFile(name string) bool {
	info, err := fs.Stat(static.FS, name)
	return err == nil && info.Mode().IsRegular()
}

// contentSecurityPolicy lets a page run the scripts that stand in it, by their hashes, and load the rest from this server
// only. Swagger UI sets styles from its script.
func contentSecurityPolicy(html []byte) string {
	scripts := []string{"'self'"}
	for _, script := range regexp.MustCompile(`(?s)<script>(.+?)</script>`).FindAllSubmatch(html, -1) {
		hash := sha256.Sum256(script[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
	}
	return "default-src 'self'; script-src " + strings.Join(scripts, " ") +
		"; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
}
