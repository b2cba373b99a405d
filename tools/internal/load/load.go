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
	"strings"
	"sync"
	"time"
)

// Request is one request that is sent to a server again and again.
type Request struct {
	Name        string
	Addr        string // of the server
	Text        []byte // the whole request, as it goes over the connection
	Status      int    // of the expected answer
	Connections int
	Samples     []Sample // one for each measurement
}

// Sample is what one measurement showed.
type Sample struct {
	Length   time.Duration
	Answered int             // requests
	Times    []time.Duration // that the answers took
}

// Rate returns the requests a second.
func (s Sample) Rate() float64 { return float64(s.Answered) / s.Length.Seconds() }

// Get returns a GET request over so many connections that expects 200. Each line of headers ends with \r\n.
func Get(name, addr, path, headers string, connections int) *Request {
	return &Request{Name: name, Addr: addr, Status: http.StatusOK, Connections: connections,
		Text: []byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n" + headers + "\r\n")}
}

// Expecting makes the request expect an answer with the given status.
func (r *Request) Expecting(status int) *Request { r.Status = status; return r }

// WithConnections makes the request go over n connections.
func (r *Request) WithConnections(n int) *Request { r.Connections = n; return r }

// Measure sends the request over all connections for the given time and adds what that showed to r.Samples. Each
// connection sends the next request as soon as the last one is answered. Like wrk, the client does as little as
// possible with an answer, to leave the processors to the server.
func (r *Request) Measure(ctx context.Context, length time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	times := make([][]time.Duration, r.Connections)
	errs := make([]error, r.Connections)
	var clients sync.WaitGroup
	start := time.Now()
	for i := range r.Connections {
		clients.Go(func() { times[i], errs[i] = r.repeat(ctx) })
	}
	clients.Wait()
	sample := Sample{Length: time.Since(start), Times: slices.Concat(times...)}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	sample.Answered = len(sample.Times)
	r.Samples = append(r.Samples, sample)
	return nil
}

// repeat sends the request over one connection until ctx ends, and returns how long each answer took.
func (r *Request) repeat(ctx context.Context) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", r.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	var times []time.Duration
	for sent := time.Now(); ctx.Err() == nil; {
		if _, err := conn.Write(r.Text); err != nil {
			return nil, err
		}
		if err := SkipAnswer(reader, r.Status); err != nil {
			return nil, err
		}
		answered := time.Now()
		times = append(times, answered.Sub(sent))
		sent = answered
	}
	return times, nil
}

// SkipAnswer reads one answer and discards it. It is an error if the status is not the expected one, or if the answer
// does not say where its body ends.
func SkipAnswer(r *bufio.Reader, status int) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "HTTP/1.1 "+strconv.Itoa(status)+" ") {
		return fmt.Errorf("answered %q, want %d", strings.TrimSpace(line), status)
	}
	length := 0
	hasLength := status == http.StatusNotModified // which has no body
	chunked := false
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
		chunked = chunked || string(line) == "Transfer-Encoding: chunked\r\n"
	}
	if chunked {
		return skipChunks(r)
	}
	if !hasLength {
		return errors.New("answered without a Content-Length")
	}
	_, err = r.Discard(length)
	return err
}

// skipChunks reads a body in chunks, and the empty line after it. The servers that are measured send no trailers.
func skipChunks(r *bufio.Reader) error {
	if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(r)); err != nil {
		return err
	}
	_, err := r.Discard(len("\r\n"))
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

// Ratio returns the median of r's rate divided by the other's rate in the same round.
func (r *Request) Ratio(other *Request) float64 {
	ratios := make([]float64, len(r.Samples))
	for i := range r.Samples {
		ratios[i] = r.Samples[i].Rate() / other.Samples[i].Rate()
	}
	return Median(ratios)
}

// Median returns the median of values, of which there must be one at least.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// Percentile returns the time that p percent of the times do not exceed. There must be one at least.
func Percentile(times []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)*p/100]
}
