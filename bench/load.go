package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// measure sends GET /posts over all connections for a time, each as soon as the last is answered, and notes the rate.
// Like wrk it does as little as it can with an answer, so that the server gets the processors.
func (t *target) measure(ctx context.Context, length time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var answered atomic.Int64
	var clients sync.WaitGroup
	errs := make(chan error, connections)
	start := time.Now()
	for range connections {
		clients.Go(func() { errs <- hammer(ctx, t.addr, &answered) })
	}
	clients.Wait()
	took := time.Since(start)
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	t.rates = append(t.rates, float64(answered.Load())/took.Seconds())
	return nil
}

// hammer keeps one connection busy until ctx ends.
func hammer(ctx context.Context, addr string, answered *atomic.Int64) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	request := []byte("GET /posts HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	for ctx.Err() == nil {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := skipAnswer(reader); err != nil {
			return err
		}
		answered.Add(1)
	}
	return nil
}

// skipAnswer reads an answer of status 200 with a Content-Length and forgets it.
func skipAnswer(r *bufio.Reader) error {
	status, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return fmt.Errorf("answered %q", strings.TrimSpace(status))
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if value, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("answered without a Content-Length")
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}

func (t *target) median() float64 { return median(t.rates) }

// ratio is the median of this target's rate to another's, taken round by round.
func (t *target) ratio(other *target) float64 {
	ratios := make([]float64, len(t.rates))
	for i := range t.rates {
		ratios[i] = t.rates[i] / other.rates[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
