package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gin-blog/internal/testkit"
)

// request is one request that is sent to a server again and again.
type request struct {
	name        string
	addr        string // of the server
	text        []byte // the whole request, as it goes over the connection
	status      int    // of the expected answer
	connections int
	rates       []float64 // requests a second, one for each round
}

// get returns a GET request that expects 200. Each line of headers ends with \r\n.
func (s *server) get(name, path, headers string) *request {
	return &request{name: name, addr: s.addr, status: http.StatusOK, connections: connections,
		text: []byte("GET " + path + " HTTP/1.1\r\nHost: " + s.addr + "\r\n" + headers + "\r\n")}
}

// post returns a POST request with a body in JSON that expects 200. Each line of headers ends with \r\n.
func (s *server) post(name, path, body, headers string) *request {
	const format = "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
	r := s.get(name, path, "")
	r.text = fmt.Appendf(nil, format, path, s.addr, len(body), headers, body)
	return r
}

func (r *request) expecting(status int) *request  { r.status = status; return r }
func (r *request) withConnections(n int) *request { r.connections = n; return r }

// measure sends the request over all connections for the given time and adds the rate to r.rates. Each connection sends
// the next request as soon as the last one is answered. Like wrk, the client does as little as possible with an answer,
// to leave the processors to the server.
func (r *request) measure(ctx context.Context, length time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var answered atomic.Int64
	var clients sync.WaitGroup
	errs := make(chan error, r.connections)
	start := time.Now()
	for range r.connections {
		clients.Go(func() { errs <- r.repeat(ctx, &answered) })
	}
	clients.Wait()
	elapsed := time.Since(start)
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	r.rates = append(r.rates, float64(answered.Load())/elapsed.Seconds())
	return nil
}

// repeat sends the request over one connection until ctx ends, and counts the answers.
func (r *request) repeat(ctx context.Context, answered *atomic.Int64) error {
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	for ctx.Err() == nil {
		if _, err := conn.Write(r.text); err != nil {
			return err
		}
		if err := skipAnswer(reader, r.status); err != nil {
			return err
		}
		answered.Add(1)
	}
	return nil
}

// skipAnswer reads one answer and discards it. It is an error if the status is not the expected one, or if there is no
// Content-Length.
func skipAnswer(r *bufio.Reader, status int) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "HTTP/1.1 "+strconv.Itoa(status)+" ") {
		return fmt.Errorf("answered %q, want %d", strings.TrimSpace(line), status)
	}
	length := 0
	hasLength := status == http.StatusNotModified // which has no body
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
			hasLength = true
		}
	}
	if !hasLength {
		return errors.New("answered without a Content-Length")
	}
	_, err = r.Discard(length)
	return err
}

func (r *request) median() float64 { return median(r.rates) }

// ratio returns the median of r's rate divided by the other's rate in the same round.
func (r *request) ratio(other *request) float64 {
	ratios := make([]float64, len(r.rates))
	for i := range r.rates {
		ratios[i] = r.rates[i] / other.rates[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
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
func (s *server) do(ctx context.Context, method, path, body string) (*testkit.Response, error) {
	request, err := testkit.NewRequest(ctx, method, "http://"+s.addr+path, body,
		testkit.Header{"Accept-Encoding": "identity"})
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
