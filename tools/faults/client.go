package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"gin-blog/internal/testkit"
)

// callTimeout bounds each call that is not a write of a writer.
const callTimeout = 10 * time.Second

// post is a post as the list shows it.
type post struct {
	ID    string `json:"_id"`
	Title string
}

// signIn makes the account that writes all posts, and returns its access token.
func (t *trial) signIn(ctx context.Context) (token string, err error) {
	account := testkit.Account("writer")
	if _, err := t.call(ctx, http.MethodPost, "/auth/register", account, nil); err != nil {
		return "", err
	}
	var grant testkit.Grant
	_, err = t.call(ctx, http.MethodPost, "/auth/login", account, &grant)
	return grant.Token, err
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

// call sends a request, decodes the answer into result unless that is nil, and returns the headers of the answer. A
// status of 300 or more is an error.
func (t *trial) call(ctx context.Context, method, path, body string, result any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := testkit.NewRequest(ctx, method, t.url+path, body)
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
