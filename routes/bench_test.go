package routes_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/auth"
	"gin-blog/internal/seed"
	"gin-blog/internal/testkit"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/routes"
)

// notVersioned hides that a store can tell its version, so that nothing is kept.
type notVersioned struct{ models.Store }

// inMemory is a store whose list is always the same page.
type inMemory struct {
	models.Store
	page []models.Post
}

func (m inMemory) Posts(context.Context, models.PostFilter) ([]models.Post, bool, error) {
	return m.page, true, nil
}

// BenchmarkRead measures reads through the whole handler, without a connection: "kept" are answers that are sent
// again, "cold" those that the store is asked for, "encode" the list without a database.
func BenchmarkRead(b *testing.B) {
	store := testkit.SQLite(b)
	plan := seed.Plan{Users: 100, Posts: 10_000, Random: 1, PasswordHash: "none"}
	if err := seed.Fill(b.Context(), store, plan, func(int) {}); err != nil {
		b.Fatal(err)
	}
	page, _, err := store.Posts(b.Context(), models.PostFilter{Limit: 20})
	if err != nil {
		b.Fatal(err)
	}
	paths := map[string]string{
		"list": "/posts", "author": "/posts?author=" + page[0].AuthorID.Hex(), "tag": "/posts?tag=go",
		"search": "/posts?q=" + strings.Fields(page[0].Content)[3], "one": "/posts/" + page[0].ID.Hex(),
	}
	for name, path := range paths {
		b.Run("kept/"+name, func(b *testing.B) { benchmarkRead(b, store, path) })
		b.Run("cold/"+name, func(b *testing.B) { benchmarkRead(b, notVersioned{store}, path) })
	}
	b.Run("encode/list", func(b *testing.B) { benchmarkRead(b, inMemory{store, page}, "/posts") })
}

func benchmarkRead(b *testing.B, store models.Store, path string) {
	passwords := auth.NewPasswords(4)
	tokens := auth.NewTokens(accessSecret, refreshSecret, time.Now)
	api := routes.New(routes.Options{
		Base: middleware.NewBase(middleware.BaseOptions{Store: store}),
		Blog: blog.New(blog.Options{
			Store: store, Passwords: passwords, Now: time.Now,
			Sessions: auth.NewSessions(store, tokens, auth.SessionOptions{Now: time.Now}),
		}),
	})
	handler := middleware.Doors(api, nil)
	request := httptest.NewRequest(http.MethodGet, path, nil)
	b.ReportAllocs()
	for b.Loop() {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			b.Fatalf("%d: %s", answer.Code, answer.Body)
		}
	}
}
