package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"gin-blog/tools/internal/load"
)

// createRate is how many posts a second are created while the list is measured.
const createRate = 200

// whileWriting measures the list of the store that may be written to, with and without posts being created, in turns.
// It prints the rates and how long the answers took.
func whileWriting(ctx context.Context, s *site, o options, out io.Writer) error {
	quiet := s.writeAPI.get("list", "/posts", "")
	busy := s.writeAPI.get(fmt.Sprintf("list, while %d posts a second are created", createRate), "/posts", "")
	create := s.writes[0]
	for range o.rounds {
		if err := quiet.Measure(ctx, o.length); err != nil {
			return err
		}
		writing, stop := context.WithCancel(ctx)
		created := make(chan error, 1)
		go func() { created <- createSteadily(writing, create) }()
		err := busy.Measure(ctx, o.length)
		stop()
		if err := errors.Join(err, <-created); err != nil {
			return err
		}
	}
	fmt.Fprint(out, "| | requests/s | p50 | p99 |\n|-|-:|-:|-:|\n")
	for _, r := range []*load.Request{quiet, busy} {
		var times []time.Duration
		for _, sample := range r.Samples {
			times = append(times, sample.Times...)
		}
		fmt.Fprintf(out, "| %s | %.0f | %s | %s |\n", r.Name, r.Rate(), rounded(times, 50), rounded(times, 99))
	}
	fmt.Fprintf(out, "\nWhile posts are created, the list has %.2f of its rate.\n\n", busy.Ratio(quiet))
	return nil
}

// createSteadily sends a request at createRate over one connection until ctx ends.
func createSteadily(ctx context.Context, create *load.Request) error {
	conn, err := net.Dial("tcp", create.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	ticker := time.NewTicker(time.Second / createRate)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if _, err := conn.Write(create.Text); err != nil {
			return err
		}
		if err := load.SkipAnswer(reader, http.StatusCreated); err != nil {
			return err
		}
	}
}
