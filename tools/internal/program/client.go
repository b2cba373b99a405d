package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

// callTimeout is how long a call may take.
const callTimeout = 10 * time.Second

// Client calls a server that speaks JSON.
type Client struct {
	URL   string
	Token string // is sent as a bearer if it is not empty
}

// SignIn makes an account, unless it is there, and logs in to it.
func (c *Client) SignIn(ctx context.Context, username string) error {
	account := map[string]string{"username": username, "password": "pass123"}
	_, registered := c.Call(ctx, http.MethodPost, "/auth/register", account, nil)
	var grant struct{ Token string }
	if _, err := c.Call(ctx, http.MethodPost, "/auth/login", account, &grant); err != nil {
		return errors.Join(registered, err)
	}
	c.Token = grant.Token
	return nil
}

// Call sends a request, decodes the answer into result unless that is nil, and returns the headers of the answer. A
// status of 300 or more is an error.
func (c *Client) Call(ctx context.Context, method, path string, body, result any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := c.NewRequest(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %d: %s", method, path, answer.StatusCode, content)
	}
	if result == nil {
		return answer.Header, nil
	}
	return answer.Header, json.Unmarshal(content, result)
}

// NewRequest makes a request with the body as JSON, unless that is nil.
func (c *Client) NewRequest(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // the ETag of another encoding would be another
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return request, nil
}

// List reads all pages of a list of gin-blog that begins at path.
func List[T any](ctx context.Context, c *Client, path string) (all []T, err error) {
	nextPage := regexp.MustCompile(`<([^>]*)>; rel="next"`)
	for path != "" {
		var page []T
		header, err := c.Call(ctx, http.MethodGet, path, nil, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		path = ""
		if link := nextPage.FindStringSubmatch(header.Get("Link")); link != nil {
			path = link[1]
		}
	}
	return all, nil
}
