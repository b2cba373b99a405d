package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gin-blog/models/sqlite"
)

const (
	stormRate   = 200 // logins a second
	stormLength = 10 * time.Second
	readEvery   = 10 * time.Millisecond
)

// storm measures how long GET /posts takes while nothing else happens and while logins arrive faster than they can be
// hashed.
func storm(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "gin-blog-storm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	store, err := sqlite.Open(ctx, filepath.Join(dir, "storm.db"), nil)
	if err != nil {
		return err
	}
	defer store.Close(ctx)
	if err := populate(ctx, store, 100); err != nil {
		return err
	}
	t, err := serve(ctx, store, 10)
	if err != nil {
		return err
	}
	defer t.close()
	if err := t.register(ctx); err != nil {
		return err
	}

	idle, err := t.readTimes(ctx, stormLength/2)
	if err != nil {
		return err
	}
	var statuses map[int]int
	var logins sync.WaitGroup
	logins.Go(func() { statuses = t.logins(ctx) })
	busy, err := t.readTimes(ctx, stormLength)
	logins.Wait()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nGET /posts every %s, idle, then while %d logins a second arrive for %s (bcrypt cost 10)\n\n", readEvery, stormRate, stormLength)
	fmt.Fprintln(out, "| | p50 | p99 | most |")
	fmt.Fprintln(out, "|-|-:|-:|-:|")
	fmt.Fprintf(out, "| idle | %s | %s | %s |\n", percentile(idle, 50), percentile(idle, 99), percentile(idle, 100))
	fmt.Fprintf(out, "| login storm | %s | %s | %s |\n", percentile(busy, 50), percentile(busy, 99), percentile(busy, 100))
	fmt.Fprintf(out, "\nThe logins: %d answered 200, %d answered 503 with Retry-After, %d otherwise.\n",
		statuses[http.StatusOK], statuses[http.StatusServiceUnavailable],
		stormRate*int(stormLength/time.Second)-statuses[http.StatusOK]-statuses[http.StatusServiceUnavailable])
	return nil
}

// readTimes asks for the list at a steady pace for a time and returns how long each answer took, counted from when it was
// due, so that a late question does not hide a slow answer.
func (s *server) readTimes(ctx context.Context, length time.Duration) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	var times []time.Duration
	start := time.Now()
	for due := start; due.Before(start.Add(length)) && ctx.Err() == nil; due = due.Add(readEvery) {
		time.Sleep(time.Until(due))
		if _, err := fmt.Fprintf(conn, "GET /posts HTTP/1.1\r\nHost: %s\r\n\r\n", s.addr); err != nil {
			return nil, err
		}
		if err := skipAnswer(reader, http.StatusOK); err != nil {
			return nil, err
		}
		times = append(times, time.Since(due))
	}
	return times, ctx.Err()
}

// logins sends logins at the rate of the storm, each on a connection of its own, and counts the answers by status.
func (s *server) logins(ctx context.Context) map[int]int {
	const body = `{"username":"bencher","password":"` + password + `"}`
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var mu sync.Mutex
	var clients sync.WaitGroup
	statuses := map[int]int{}
	ticker := time.NewTicker(time.Second / stormRate)
	defer ticker.Stop()
	for range stormRate * int(stormLength/time.Second) {
		<-ticker.C
		clients.Go(func() {
			status, err := s.tryLogin(ctx, client, body)
			if err != nil {
				status = 0
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	clients.Wait()
	return statuses
}

func (s *server) tryLogin(ctx context.Context, client *http.Client, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/auth/login", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
		return 0, errors.New("503 without Retry-After")
	}
	return answer.StatusCode, nil
}

// percentile is the time that p of 100 are not slower than.
func percentile(times []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)*p/100].Round(100 * time.Microsecond)
}
