package blog

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestClient uses the Go client of docs/clients.md. The test of the document puts this file beside it.
func TestClient(t *testing.T) {
	ctx, client := context.Background(), &Client{URL: os.Getenv("BLOG_URL")}
	login := `{"username":"alice","password":"pass123"}`
	if _, err := client.Call(ctx, "POST", "/auth/login", login, client); err != nil || client.RefreshToken == "" {
		t.Fatalf("log in: %v", err)
	}
	var all sync.WaitGroup
	ids := make([]string, 6)
	for i := range ids {
		all.Add(1)
		go func() {
			defer all.Done()
			var created struct {
				Post struct {
					ID string `json:"_id"`
				}
			}
			body := fmt.Sprintf(`{"title":"Post %d","content":"Hello"}`, i)
			if _, err := client.Call(ctx, "POST", "/posts", body, &created); err != nil {
				t.Error(err)
			}
			ids[i] = created.Post.ID
		}()
	}
	all.Wait()
	if next, err := client.Call(ctx, "DELETE", "/posts/"+ids[0], "", nil); err != nil || next != "" {
		t.Errorf("delete: %q, %v", next, err)
	}
	var titles []string
	pages := 0
	for next := "/posts?author=alice&limit=2"; next != ""; pages++ {
		var posts []struct{ Title string }
		var err error
		if next, err = client.Call(ctx, "GET", next, "", &posts); err != nil {
			t.Fatal(err)
		}
		for _, post := range posts {
			titles = append(titles, post.Title)
		}
	}
	slices.Sort(titles)
	if got := strings.Join(titles, ", "); pages != 3 || got != "Post 1, Post 2, Post 3, Post 4, Post 5" {
		t.Errorf("%d pages have %s", pages, got)
	}
	_, err := client.Call(ctx, "GET", "/posts/"+ids[0], "", nil)
	if err == nil || !strings.Contains(err.Error(), "Post not found") {
		t.Errorf("the deleted post: %v", err)
	}
	client.AccessToken, client.RefreshToken = "x", "x"
	if _, err = client.Call(ctx, "GET", "/auth/me", "", nil); err == nil {
		t.Error("a wrong token is good")
	}
}
