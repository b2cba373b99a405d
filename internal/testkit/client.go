package testkit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Password is what every account of a test logs in with.
const Password = "pass123"

// Header is what a request says besides its body.
type Header map[string]string

// Bearer authenticates a request with an access token.
func Bearer(token string) Header { return Header{"Authorization": "Bearer " + token} }

// Account returns the body that registers a user with the usual password, and logs them in.
func Account(username string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, username, Password)
}

// Grant is the answer to a login, as a client reads it.
type Grant struct {
	Token, AccessToken, RefreshToken, TokenType string
	ExpiresIn                                   int // seconds
	User                                        *User
}

// User is an account, as its owner sees it. Message is set where the answer is an error.
type User struct {
	ID                                                   string `json:"_id"`
	Username, Name, Email, Bio, Role, CreatedAt, Message string
}

// Post is a post, as a client reads it.
type Post struct {
	ID             string `json:"_id"`
	Title, Content string
	Tags           []string
	Author         *struct {
		ID       string `json:"_id"`
		Username string
	}
	CreatedAt, UpdatedAt string
}

// Comment is a comment on a post, as a client reads it.
type Comment struct {
	ID            string `json:"_id"`
	Post, Content string
	Author        *struct {
		ID       string `json:"_id"`
		Username string
	}
	CreatedAt, UpdatedAt string
}

// Response is an answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// NewRequest makes a request. A body is JSON unless a header says otherwise.
func NewRequest(ctx context.Context, method, url, body string, headers ...Header) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		for name, value := range h {
			request.Header.Set(name, value)
			if name == "Host" {
				request.Host = value
			}
		}
	}
	return request, nil
}

// Do sends a request and reads the answer. It follows no redirect.
func Do(request *http.Request) (*Response, error) { return DoBy(http.DefaultTransport, request) }

// DoBy is Do with the connections of a transport.
func DoBy(transport http.RoundTripper, request *http.Request) (*Response, error) {
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: string(body)}, nil
}
