// Package load sends one request to a server again and again, and measures how it is answered.
package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Unique in the text of a request is replaced by another 16 digits each time, so that no two requests are the same.
const Unique = "0123456789abcdef"

// Connections is how many connections a request goes over, unless it says otherwise.
const Connections = 32

// Request is a request that is sent to a server again and again.
type Request struct {
	Name        string
	Addr        string // of the server
	Text        []byte // the whole request, as it goes over a connection
	Statuses    []int  // of the expected answers
	Connections int
	Every       time.Duration // from one request of a connection to the next. 0 means as soon as that is answered
	Meanwhile   *Request      // what is sent at the same time, if anything
	Samples     []Sample      // one for each measurement

	sent atomic.Int64
}

// Sample is what one measurement showed.
type Sample struct {
	Length time.Duration
	Times  []time.Duration // that the answers took
}

// Rate returns the requests a second.
func (s Sample) Rate() float64 { return float64(len(s.Times)) / s.Length.Seconds() }

// New returns a request, such as "GET /posts", that goes over 32 connections and expects 200. Each line of headers ends
// with \r\n. The body is JSON, "" for none.
func New(name, addr, methodAndPath, headers, body string) *Request {
	if body != "" {
		headers += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return &Request{Name: name, Addr: addr, Statuses: []int{http.StatusOK}, Connections: Connections,
		Text: fmt.Appendf(nil, "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s", methodAndPath, addr, headers, body)}
}

// Measure sends the request over all connections for the given time and adds what that showed to r.Samples. Like wrk,
// the client does as little as possible with an answer, to leave the processors to the server.
func (r *Request) Measure(ctx context.Context, length time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	if r.Meanwhile == nil {
		return r.measure(ctx)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Meanwhile.measure(ctx) }()
	return errors.Join(r.measure(ctx), <-ended)
}

// measure measures until ctx ends.
func (r *Request) measure(ctx context.Context) error {
	times := make([][]time.Duration, r.Connections)
	errs := make([]error, r.Connections)
	var clients sync.WaitGroup
	start := time.Now()
	for i := range r.Connections {
		clients.Go(func() {
			first := start.Add(r.Every * time.Duration(i) / time.Duration(r.Connections))
			times[i], errs[i] = r.repeat(ctx, first)
		})
	}
	clients.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	r.Samples = append(r.Samples, Sample{Length: time.Since(start), Times: slices.Concat(times...)})
	return nil
}

// repeat sends the request over one connection until ctx ends, and returns how long each answer took. It counts from
// the moment when the request was due: a slow answer delays the next request, and that one's time must show it too.
func (r *Request) repeat(ctx context.Context, due time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", r.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	text, digits := bytes.Clone(r.Text), bytes.Index(r.Text, []byte(Unique))
	var times []time.Duration
	for {
		if wait := time.Until(due); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
		if ctx.Err() != nil {
			return times, nil
		}
		if digits >= 0 {
			copy(text[digits:], fmt.Appendf(nil, "%016x", r.sent.Add(1)))
		}
		if _, err := conn.Write(text); err != nil {
			return nil, err
		}
		if err := SkipAnswer(reader, r.Statuses...); err != nil {
			return nil, err
		}
		now := time.Now()
		times = append(times, now.Sub(due))
		if due = due.Add(r.Every); r.Every == 0 {
			due = now
		}
	}
}

// SkipAnswer reads one answer and discards it. It is an error if the status is not an expected one, or if the answer
// does not say where its body ends.
func SkipAnswer(r *bufio.Reader, statuses ...int) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	text, _ := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	status, err := strconv.Atoi(string(text[:min(3, len(text))]))
	if err != nil || !slices.Contains(statuses, status) {
		return fmt.Errorf("answered %q, want %d", line, statuses)
	}
	length, chunked := -1, false
	if status == http.StatusNotModified { // which has no body
		length = 0
	}
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
		}
		chunked = chunked || string(line) == "Transfer-Encoding: chunked\r\n"
	}
	switch {
	case chunked: // the servers that are measured send no trailers
		if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(r)); err != nil {
			return err
		}
		length = len("\r\n")
	case length < 0:
		return errors.New("answered without a Content-Length")
	}
	_, err = r.Discard(length)
	return err
}

// Rate returns the median of the requests a second.
func (r *Request) Rate() float64 {
	rates := make([]float64, len(r.Samples))
	for i, sample := range r.Samples {
		rates[i] = sample.Rate()
	}
	return Median(rates)
}

// Percentile returns the time that p percent of all answers do not exceed.
func (r *Request) Percentile(p int) time.Duration {
	var times []time.Duration
	for _, sample := range r.Samples {
		times = append(times, sample.Times...)
	}
	slices.Sort(times)
	return times[(len(times)-1)*p/100]
}

// Median returns the median of values, of which there must be one at least.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
