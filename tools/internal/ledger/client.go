package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"gin-blog/internal/testkit"
)

// callTimeout bounds each call that is not a write of a writer.
const callTimeout = 10 * time.Second

// Client talks to one server.
type Client struct{ URL string }

// Post is a post or a draft as its list shows it, or a comment, whose content is its title.
type Post struct {
	ID    string `json:"_id"`
	Title string
}

// comment is a comment as its list shows it.
type comment struct {
	ID      string `json:"_id"`
	Content string
}

// SignIn makes the account that writes all posts, unless it exists, and returns its access token.
func (c Client) SignIn(ctx context.Context) (token string, err error) {
	account := testkit.Account("writer")
	_, registered := c.Call(ctx, http.MethodPost, "/auth/register", account, nil)
	var grant testkit.Grant
	if _, err := c.Call(ctx, http.MethodPost, "/auth/login", account, &grant); err != nil {
		return "", errors.Join(registered, err)
	}
	return grant.Token, nil
}

// Posts reads the whole list, page by page.
func (c Client) Posts(ctx context.Context) ([]Post, error) {
	return list[Post](ctx, c, "/posts?limit=100")
}

// Drafts reads the whole list of the drafts of the user with this token.
func (c Client) Drafts(ctx context.Context, token string) ([]Post, error) {
	return list[Post](ctx, c, "/drafts?limit=100", testkit.Bearer(token))
}

// Comments reads all comments on a post.
func (c Client) Comments(ctx context.Context, post string) ([]Post, error) {
	comments, err := list[comment](ctx, c, "/posts/"+post+"/comments?limit=100")
	all := make([]Post, len(comments))
	for i, comment := range comments {
		all[i] = Post{ID: comment.ID, Title: comment.Content}
	}
	return all, err
}

// list reads all pages of a list that begins at path.
func list[T any](ctx context.Context, c Client, path string, headers ...testkit.Header) (all []T, err error) {
	next := regexp.MustCompile(`<([^>]*)>; rel="next"`)
	for path != "" {
		var page []T
		header, err := c.Call(ctx, http.MethodGet, path, "", &page, headers...)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		path = ""
		if link := next.FindStringSubmatch(header.Get("Link")); link != nil {
			path = link[1]
		}
	}
	return all, nil
}

// Call sends a request, decodes the answer into result unless that is nil, and returns the headers of the answer. A
// status of 300 or more is an error.
func (c Client) Call(
	ctx context.Context, method, path, body string, result any, headers ...testkit.Header,
) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := testkit.NewRequest(ctx, method, c.URL+path, body, headers...)
	if err != nil {
		return nil, err
	}
	answer, err := testkit.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.Status >= 300 {
		return nil, fmt.Errorf("%s %s: %d: %s", method, path, answer.Status, answer.Body)
	}
	if result != nil {
		err = json.Unmarshal([]byte(answer.Body), result)
	}
	return answer.Header, err
}
