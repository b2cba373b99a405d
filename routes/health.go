package routes

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// errDraining says that the server is about to stop.
var errDraining = models.NewError(models.Unavailable, "The server is about to stop")

type indexBody struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Links   indexTree `json:"links"`
}

type indexTree struct {
	Posts   string `json:"posts"`
	Docs    string `json:"docs"`
	OpenAPI string `json:"openapi"`
}

// index lists the addresses to begin with.
func (h *api) index(c *gin.Context) error {
	return render(c, http.StatusOK, indexBody{
		Name: "gin-blog", Version: h.Version,
		Links: indexTree{Posts: "/posts", Docs: "/docs", OpenAPI: "/openapi.yaml"},
	})
}

// alive answers 200 while the process serves, also if the database is away.
func (h *api) alive(c *gin.Context) error {
	return render(c, http.StatusOK, map[string]string{"status": "ok"})
}

// ready answers 200 while the store works and the server is not about to stop.
func (h *api) ready(c *gin.Context) error {
	if h.Base.Draining() {
		return errDraining
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), models.CallTimeout)
	defer cancel()
	if err := h.Blog.Store.Ping(ctx); err != nil {
		return err
	}
	return render(c, http.StatusOK, map[string]string{"status": "ready"})
}

// onlyReadTags refuses to write to the path of the tags, which the router takes for that of a post.
func onlyReadTags(c *gin.Context) error {
	r := c.Request
	if r.URL.Path != "/posts/tags" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	c.Header("Allow", "GET, HEAD")
	return noMethod(c)
}

// noMethod refuses a method that the path does not have. The router has set the header Allow.
func noMethod(c *gin.Context) error {
	allowed := c.Writer.Header().Get("Allow")
	if i := strings.LastIndex(allowed, ", "); i >= 0 {
		allowed = allowed[:i] + " or " + allowed[i+2:]
	}
	return models.Refuse(models.MethodNotAllowed, nil, "Method not allowed: use %s", allowed)
}
