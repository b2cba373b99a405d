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
	"sync"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models/sqlite"
	"gin-blog/tools/internal/load"
)

const (
	stormRate   = 200 // logins a second
	stormLength = 10 * time.Second
	stormLogins = stormRate * int(stormLength/time.Second)
	readEvery   = 10 * time.Millisecond
)

// storm measures how long GET /posts takes while the server is idle, and then while logins arrive faster than it can
// hash passwords. It prints the times and how the logins were answered.
func storm(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "gin-blog-storm")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := sqlite.Open(ctx, filepath.Join(dir, "storm.db"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(ctx)) }()
	if err := populate(ctx, store, 100); err != nil {
		return err
	}
	s, err := serve(ctx, store, usualCost)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.register(ctx); err != nil {
		return err
	}

	idle, err := s.readTimes(ctx, stormLength/2)
	if err != nil {
		return err
	}
	var statuses map[int]int
	var logins sync.WaitGroup
	logins.Go(func() { statuses = s.logins(ctx) })
	busy, err := s.readTimes(ctx, stormLength)
	logins.Wait()
	if err != nil {
		return err
	}
	printStorm(out, idle, busy, statuses)
	return nil
}

// printStorm prints the times of the reads, idle and during the storm, and how many logins got which status.
func printStorm(out io.Writer, idle, busy []time.Duration, statuses map[int]int) {
	fmt.Fprintf(out, "\nGET /posts every %s, idle, then while %d logins a second arrive for %s (bcrypt cost %d)\n\n",
		readEvery, stormRate, stormLength, usualCost)
	fmt.Fprint(out, "| | p50 | p99 | most |\n|-|-:|-:|-:|\n")
	for _, row := range []struct {
		name  string
		times []time.Duration
	}{{"idle", idle}, {"login storm", busy}} {
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n",
			row.name, rounded(row.times, 50), rounded(row.times, 99), rounded(row.times, 100))
	}
	accepted, refused := statuses[http.StatusOK], statuses[http.StatusServiceUnavailable]
	fmt.Fprintf(out, "\nThe logins: %d answered 200, %d answered 503 with Retry-After, %d otherwise.\n",
		accepted, refused, stormLogins-accepted-refused)
}

// readTimes requests the list every readEvery for the given time and returns how long each answer took. It counts from
// the moment when the request was due: a slow answer delays the next request, and that one's time must show it too.
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
		if err := load.SkipAnswer(reader, http.StatusOK); err != nil {
			return nil, err
		}
		times = append(times, time.Since(due))
	}
	return times, ctx.Err()
}

// logins sends the logins of the storm, each on a new connection, and counts the answers by status. Status 0 stands for
// no answer.
func (s *server) logins(ctx context.Context) map[int]int {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var mu sync.Mutex
	var clients sync.WaitGroup
	statuses := map[int]int{}
	ticker := time.NewTicker(time.Second / stormRate)
	defer ticker.Stop()
	for range stormLogins {
		<-ticker.C
		clients.Go(func() {
			status, err := s.tryLogin(ctx, client)
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

// tryLogin sends one login and returns the status of the answer. A 503 without Retry-After is an error.
func (s *server) tryLogin(ctx context.Context, client *http.Client) (int, error) {
	request, err := testkit.NewRequest(ctx, http.MethodPost, "http://"+s.addr+"/auth/login", testkit.Account(username))
	if err != nil {
		return 0, err
	}
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

// rounded returns a percentile of the times, as it is printed.
func rounded(times []time.Duration, p int) time.Duration {
	return load.Percentile(times, p).Round(100 * time.Microsecond)
}
