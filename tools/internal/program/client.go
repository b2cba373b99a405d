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

// callTimeout is longer than gin-blog takes for any answer, even while it stops.
const callTimeout = 15 * time.Second

// Client calls a server that speaks JSON.
type Client struct {
	URL       string
	Token     string            // the bearer, if not empty
	Key       string            // the Idempotency-Key, if not empty
	Transport http.RoundTripper // nil for the usual one
}

// StatusError is an answer with a status of 300 or more, or with what cannot be decoded.
type StatusError struct {
	Status int
	Body   []byte
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Body) }

// SignIn makes an account, unless it is there, and logs in to it.
func (c *Client) SignIn(ctx context.Context, username string) error {
	account := map[string]string{"username": username, "password": "pass123"}
	if _, err := c.Call(ctx, http.MethodPost, "/auth/register", account, nil); err != nil {
		if refusal, ok := errors.AsType[*StatusError](err); !ok || refusal.Status != http.StatusConflict {
			return err
		}
	}
	var grant struct{ Token string }
	_, err := c.Call(ctx, http.MethodPost, "/auth/login", account, &grant)
	c.Token = grant.Token
	return err
}

// Call sends a request, with the body as JSON unless nil, and decodes the answer into result unless nil. It follows no
// redirect. If there was an answer, it returns its headers, and the error is nil or a StatusError.
func (c *Client) Call(ctx context.Context, method, path string, body, result any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, &sent)
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
	if c.Key != "" {
		request.Header.Set("Idempotency-Key", c.Key)
	}
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if answer.StatusCode >= 300 || result != nil && json.Unmarshal(content, result) != nil {
		return answer.Header, &StatusError{answer.StatusCode, content}
	}
	return answer.Header, nil
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
