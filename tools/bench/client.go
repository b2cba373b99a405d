package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"gin-blog/internal/testkit"
	"gin-blog/tools/internal/load"
)

// get returns a GET request that expects 200. Each line of headers ends with \r\n.
func (s *server) get(name, path, headers string) *load.Request {
	return load.Get(name, s.addr, path, headers, connections)
}

// post returns a POST request with a body in JSON that expects 200. Each line of headers ends with \r\n.
func (s *server) post(name, path, body, headers string) *load.Request {
	const format = "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
	r := s.get(name, path, "")
	r.Text = fmt.Appendf(nil, format, path, s.addr, len(body), headers, body)
	return r
}

// register makes the account that the requests write with.
func (s *server) register(ctx context.Context) error {
	_, err := s.do(ctx, http.MethodPost, "/auth/register", testkit.Account(username))
	return err
}

// login logs in to the account that register made.
func (s *server) login(ctx context.Context) (testkit.Grant, error) {
	var grant testkit.Grant
	answer, err := s.do(ctx, http.MethodPost, "/auth/login", testkit.Account(username))
	if err != nil {
		return grant, err
	}
	err = json.Unmarshal([]byte(answer.Body), &grant)
	return grant, err
}

// do sends one request and returns the answer, uncompressed. A status of 300 or more is an error.
func (s *server) do(
	ctx context.Context, method, path, body string, headers ...testkit.Header,
) (*testkit.Response, error) {
	headers = append(headers, testkit.Header{"Accept-Encoding": "identity"})
	request, err := testkit.NewRequest(ctx, method, "http://"+s.addr+path, body, headers...)
	if err != nil {
		return nil, err
	}
	answer, err := testkit.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.Status >= 300 {
		return nil, fmt.Errorf("%s %s: %d: %s", method, path, answer.Status, answer.Body)
	}
	return answer, nil
}
