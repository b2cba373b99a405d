package routes

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// readyPatience is how long GET /readyz waits for the store.
const readyPatience = 2500 * time.Millisecond

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

type statusBody struct {
	Status string `json:"status"`
}

// index says where things are.
func (a *api) index(c *gin.Context) error {
	return render(c, http.StatusOK, indexBody{
		Name: "gin-blog", Version: a.Version,
		Links: indexTree{Posts: "/posts", Docs: "/docs", OpenAPI: "/openapi.yaml"},
	})
}

// healthy answers as long as the process serves, whatever the database does.
func (a *api) healthy(c *gin.Context) error {
	return render(c, http.StatusOK, statusBody{Status: "ok"})
}

// ready answers where requests can be served: the store answers and the server is not about to stop.
func (a *api) ready(c *gin.Context) error {
	if a.Draining() {
		return unavailable("The server is about to stop")
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyPatience)
	defer cancel()
	if err := a.Store.Ping(ctx); err != nil {
		return err
	}
	return render(c, http.StatusOK, statusBody{Status: "ready"})
}

func (a *api) noRoute(*gin.Context) error { return notFound("Not found") }

func (a *api) noMethod(*gin.Context) error {
	return &httpError{status: http.StatusMethodNotAllowed, name: "MethodNotAllowedError",
		message: "Method not allowed: the Allow header names those that are"}
}
