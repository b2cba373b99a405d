package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gin-blog/tools/internal/load"
)

// request is a request to one server, and what it cost: a value for each round.
type request struct {
	*load.Request
	processor []float64 // µs a request
	memory    []float64 // MiB
}

// reset discards the values so far.
func (r *request) reset() { r.Samples, r.processor, r.memory = nil, nil, nil }

// prepare makes the requests. It is an error if both servers do not list the same posts, in the same order and with
// the same authors.
func (p *pair) prepare(ctx context.Context) error {
	got, err := p.peer.posts(ctx)
	if err != nil {
		return err
	}
	want, err := p.ginBlog.posts(ctx)
	if err != nil {
		return err
	}
	if len(want) != pageSize || !slices.EqualFunc(got, want, func(a, b item) bool {
		return a.Title == b.Title && a.Content == b.Content && a.Expand == b.Expand
	}) {
		return fmt.Errorf("%s and gin-blog do not list the same %d posts: %v, %v", p.peer.name, pageSize, got, want)
	}
	for s, id := range map[*server]string{p.peer: got[0].ID, p.ginBlog: want[0].ID} {
		addr := s.process.Addr
		s.requests = []*request{
			{Request: load.Get(fmt.Sprintf("the newest %d posts", pageSize), addr, s.list, "", connections)},
			{Request: load.Get("one post", addr, s.post(id), "", connections)},
		}
	}
	return nil
}

// measure sends one of the requests to the server for the given time.
func (s *server) measure(ctx context.Context, number int, length time.Duration) error {
	r := s.requests[number]
	before, err := s.process.ProcessorTime()
	if err != nil {
		return err
	}
	if err := r.Measure(ctx, length); err != nil {
		return err
	}
	after, timeErr := s.process.ProcessorTime()
	resident, err := s.process.ResidentMiB("VmRSS")
	answered := len(r.Samples[len(r.Samples)-1].Times)
	r.processor = append(r.processor, float64((after-before).Microseconds())/float64(answered))
	r.memory = append(r.memory, float64(resident))
	return errors.Join(timeErr, err)
}
