package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// request is sent over and over to one server.
type request struct {
	name        string
	addr        string
	text        []byte
	status      int
	connections int
	rates       []float64 // requests a second, one for each round
}

func (s *server) get(name, path, headers string) *request {
	return &request{name: name, addr: s.addr, status: http.StatusOK, connections: connections,
		text: []byte("GET " + path + " HTTP/1.1\r\nHost: " + s.addr + "\r\n" + headers + "\r\n")}
}

func (s *server) post(name, path, body, headers string) *request {
	r := s.get(name, path, "")
	r.text = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
		path, s.addr, len(body), headers, body)
	return r
}

func (r *request) answering(status int) *request  { r.status = status; return r }
func (r *request) withConnections(n int) *request { r.connections = n; return r }

// measure sends the request over all connections for a time, each as soon as the last is answered, and notes the rate.
// Like wrk it does as little as it can with an answer, so that the server gets the processors.
func (r *request) measure(ctx context.Context, length time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var answered atomic.Int64
	var clients sync.WaitGroup
	errs := make(chan error, r.connections)
	start := time.Now()
	for range r.connections {
		clients.Go(func() { errs <- r.hammer(ctx, &answered) })
	}
	clients.Wait()
	took := time.Since(start)
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	r.rates = append(r.rates, float64(answered.Load())/took.Seconds())
	return nil
}

// hammer keeps one connection busy until ctx ends.
func (r *request) hammer(ctx context.Context, answered *atomic.Int64) error {
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

// skipAnswer reads an answer of the status that is wanted, with a Content-Length, and forgets it.
func skipAnswer(r *bufio.Reader, want int) error {
	status, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 "+strconv.Itoa(want)+" ") {
		return fmt.Errorf("answered %q, want %d", strings.TrimSpace(status), want)
	}
	length := 0
	known := want == http.StatusNotModified
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
			known = true
		}
	}
	if !known {
		return errors.New("answered without a Content-Length")
	}
	_, err = r.Discard(length)
	return err
}

func (r *request) median() float64 { return median(r.rates) }

// ratio is the median of this request's rate to another's, taken round by round.
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

// etag asks for a path and returns its ETag.
func (s *server) etag(ctx context.Context, path string) (string, error) {
	answer, _, err := s.do(ctx, http.MethodGet, path, "")
	if err != nil {
		return "", err
	}
	return answer.Header.Get("ETag"), nil
}

// register makes the account that the requests write with.
func (s *server) register(ctx context.Context) error {
	_, _, err := s.do(ctx, http.MethodPost, "/auth/register", `{"username":"bencher","password":"`+password+`"}`)
	return err
}

func (s *server) login(ctx context.Context, body string) (access, refresh string, err error) {
	_, content, err := s.do(ctx, http.MethodPost, "/auth/login", body)
	if err != nil {
		return "", "", err
	}
	var grant struct{ AccessToken, RefreshToken string }
	err = json.Unmarshal(content, &grant)
	return grant.AccessToken, grant.RefreshToken, err
}

// do makes one request that must succeed.
func (s *server) do(ctx context.Context, method, path, body string) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, content)
	}
	return answer, content, err
}
