package client

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestClient uses the client that oapi-codegen generates. scripts/clients puts this file beside it: here, where it is
// not, the go command passes over a name with an underscore.
func TestClient(t *testing.T) {
	c, err := NewClientWithResponses(os.Getenv("BLOG_URL"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, username, password := t.Context(), "oapi-codegen", "pass1234"
	registered, err := c.RegisterWithResponse(ctx, Registration{Username: username, Password: password})
	check(t, err, registered.HTTPResponse, http.StatusCreated)
	loggedIn, err := c.LoginWithResponse(ctx, Credentials{Username: &username, Password: password})
	check(t, err, loggedIn.HTTPResponse, http.StatusOK)
	signed := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+loggedIn.JSON200.AccessToken)
		return nil
	}

	var ids []string
	for _, key := range []string{"first", "second", "third", "third"} {
		created, err := c.CreatePostWithResponse(ctx, &CreatePostParams{IdempotencyKey: &key},
			PostInput{Title: key, Content: "Hello", Tags: &[]string{"go"}}, signed)
		check(t, err, created.HTTPResponse, http.StatusCreated)
		ids = append(ids, created.JSON201.Post.UnderscoreId)
		repeated := created.HTTPResponse.Header.Get("Idempotency-Replayed") == "true"
		if author := created.JSON201.Post.Author; author.Username != username || repeated != (len(ids) == 4) {
			t.Errorf("%s is of %s, and repeated: %v", key, author.Username, repeated)
		}
	}
	if ids[2] != ids[3] {
		t.Errorf("one Idempotency-Key made the posts %s and %s", ids[2], ids[3])
	}

	limit := 2
	var titles []string
	page, err := c.ListPostsWithResponse(ctx, &ListPostsParams{Author: &username, Limit: &limit})
	for pages := 1; ; pages++ {
		check(t, err, page.HTTPResponse, http.StatusOK)
		posts := *page.JSON200
		for _, post := range posts {
			titles = append(titles, post.Title)
		}
		if !strings.Contains(page.HTTPResponse.Header.Get("Link"), `rel="next"`) {
			if got := strings.Join(titles, " "); pages != 2 || got != "third second first" {
				t.Errorf("%d pages have the posts %s", pages, got)
			}
			break
		}
		after := posts[len(posts)-1].UnderscoreId
		page, err = c.ListPostsWithResponse(ctx, &ListPostsParams{Author: &username, Limit: &limit, After: &after})
	}

	summary, html := Summary, Html
	page, err = c.ListPostsWithResponse(ctx, &ListPostsParams{Author: &username, Limit: &limit, View: &summary})
	check(t, err, page.HTTPResponse, http.StatusOK)
	if post := (*page.JSON200)[0]; *post.Excerpt != "Hello" || *post.ReadingMinutes != 1 || post.Content != nil {
		t.Errorf("the summary is %s", page.Body)
	}
	shown, err := c.ReadPostWithResponse(ctx, ids[0], &ReadPostParams{View: &html})
	check(t, err, shown.HTTPResponse, http.StatusOK)
	if *shown.JSON200.Html != "<p>Hello</p>\n" || *shown.JSON200.Content != "Hello" {
		t.Errorf("as HTML it is %s", shown.Body)
	}

	read, err := c.ReadPostWithResponse(ctx, ids[0], nil)
	check(t, err, read.HTTPResponse, http.StatusOK)
	etag, title := read.HTTPResponse.Header.Get("ETag"), "changed"
	for _, want := range []int{http.StatusOK, http.StatusPreconditionFailed} {
		title += "!"
		changed, err := c.UpdatePostWithResponse(ctx, ids[0], &UpdatePostParams{IfMatch: &etag},
			PostChange{Title: &title}, signed)
		check(t, err, changed.HTTPResponse, want)
		if want == http.StatusOK && changed.JSON200.Title != title ||
			want != http.StatusOK && changed.JSON412.Error != "PreconditionFailedError" {
			t.Errorf("%s", changed.Body)
		}
	}

	deleted, err := c.DeletePostWithResponse(ctx, ids[0], nil, signed)
	check(t, err, deleted.HTTPResponse, http.StatusNoContent)
	gone, err := c.ReadPostWithResponse(ctx, ids[0], nil)
	check(t, err, gone.HTTPResponse, http.StatusNotFound)
}

// check ends the test unless the answer has the wanted status.
func check(t *testing.T, err error, answer *http.Response, want int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != want {
		t.Fatalf("%s %s: %s, want %d", answer.Request.Method, answer.Request.URL, answer.Status, want)
	}
}
