package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// post is what the list says of a post.
type post struct {
	ID    string `json:"_id"`
	Title string
}

// signIn makes the account that all posts are written with, and returns its access token.
func (t *trial) signIn(ctx context.Context) (token string, err error) {
	const account = `{"username":"writer","password":"pass123"}`
	if _, err := t.call(ctx, http.MethodPost, "/auth/register", account, nil); err != nil {
		return "", err
	}
	var login struct{ Token string }
	_, err = t.call(ctx, http.MethodPost, "/auth/login", account, &login)
	return login.Token, err
}

// posts reads the whole list, page by page.
func (t *trial) posts(ctx context.Context) (all []post, err error) {
	next := regexp.MustCompile(`<([^>]*)>; rel="next"`)
	for path := "/posts?limit=100"; path != ""; {
		var page []post
		header, err := t.call(ctx, http.MethodGet, path, "", &page)
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

// call makes a request that must succeed, and reads the JSON of the answer.
func (t *trial) call(ctx context.Context, method, path, body string, into any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, t.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, content)
	}
	if into != nil {
		err = json.Unmarshal(content, into)
	}
	return answer.Header, err
}
