package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"gin-blog/tools/internal/ledger"
)

const (
	direct = "http://127.0.0.1:3000" // the API of the default profile
	proxy  = "http://127.0.0.1:8080" // the proxy of the scale profile
)

// writersTitle matches the titles that the writers give their posts.
var writersTitle = regexp.MustCompile(`^w\d\d-\d{6}$`)

// notes returns the folder with the notes of all writers.
func (s *stack) notes() string { return filepath.Join(s.dir, "notes") }

// scenario takes the stack through everything that the table shows: the default profile, faults, the scale profile,
// faults, back to the default profile, and the monitoring profile.
func (s *stack) scenario(ctx context.Context, r *report) error {
	r.timed(ctx, "file → default", "`up mongo`, `run api copy`, `up`", s.moveIn)
	if r.failed() {
		return nil // Nothing else can go well.
	}
	r.do(ctx, "default", "Postman collection", func(ctx context.Context) error { return s.postman(ctx, direct) })
	r.checks(ctx, "default")
	token, err := ledger.Client{URL: direct}.SignIn(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(s.notes()); err != nil {
		return err
	}
	t, err := startTraffic(ctx, &ledger.Site{URL: direct, Token: token}, s.notes(), 0)
	if err != nil {
		return err
	}
	r.faults(ctx, t, "default", "api", "mongo")
	r.during(ctx, t, "default", "`down`, `up`", func(ctx context.Context) error {
		if err := s.compose(ctx, "down"); err != nil {
			return err
		}
		return s.up(ctx, "")
	})
	r.during(ctx, t, "default → scale", "`--profile scale up proxy`", func(ctx context.Context) error {
		return s.up(ctx, "scale", "proxy")
	})
	if err := t.end(); err != nil {
		return err
	}
	if err := s.scaled(ctx, r); err != nil {
		return err
	}
	r.timed(ctx, "scale → default", "remove members, `down`, `up`", s.shrink)
	r.do(ctx, "all", "comparison of the posts with the notes", r.judge)
	r.monitoring(ctx)
	return nil
}

// scaled lets the containers of the scale profile fail.
func (s *stack) scaled(ctx context.Context, r *report) error {
	token, err := ledger.Client{URL: proxy}.SignIn(ctx)
	if err != nil {
		return err
	}
	r.do(ctx, "scale", "Postman collection", func(ctx context.Context) error { return s.postman(ctx, proxy) })
	t, err := startTraffic(ctx, &ledger.Site{URL: proxy, Token: token, Proxied: true}, s.notes(), writerCount)
	if err != nil {
		return err
	}
	services := []string{"api-1", "api-2", "api-3", "mongo-2", "mongo-3", "mongo", "proxy"}
	if r.short {
		services = []string{"api-1", "mongo-2", "mongo", "proxy"}
	}
	r.faults(ctx, t, "scale", services...)
	r.during(ctx, t, "scale → https", "`--profile https up https`", r.stack.https)
	r.checks(ctx, "scale, https")
	return t.end()
}

// shrink goes back from the scale profile to the default one, as docs/operations.md says.
func (s *stack) shrink(ctx context.Context) error {
	for _, args := range [][]string{
		{"--profile", "scale", "run", "--rm", "-T", "-e", "MEMBERS=mongo:27017", "mongo-members"},
		{"--profile", "scale", "--profile", "https", "down"},
	} {
		if err := s.compose(ctx, args...); err != nil {
			return err
		}
	}
	volumes := []string{"volume", "rm"}
	for _, volume := range []string{"mongo-2", "mongo-2-config", "mongo-3", "mongo-3-config"} {
		volumes = append(volumes, project+"_"+volume)
	}
	if _, err := s.engine.docker(ctx, volumes...); err != nil {
		return err
	}
	return s.up(ctx, "")
}

// postman runs the Postman collection against a server.
func (s *stack) postman(ctx context.Context, url string) error {
	return s.logged(ctx, filepath.Join(s.root, "scripts", "postman"), url)
}

// faults kills and then stops the containers of services, one after the other, while clients read and write.
func (r *report) faults(ctx context.Context, t *traffic, profile string, services ...string) {
	for _, service := range services {
		r.during(ctx, t, profile, "SIGKILL "+service, func(ctx context.Context) error {
			return r.stack.crash(ctx, service)
		})
	}
	for _, service := range services {
		r.during(ctx, t, profile, "SIGTERM "+service, func(ctx context.Context) error {
			return r.stack.restart(ctx, service)
		})
	}
}

// during adds a row with what clients noticed while something was done. It does nothing once that has failed: then the
// clients may never be served again.
func (r *report) during(ctx context.Context, t *traffic, profile, what string, do func(context.Context) error) {
	if r.stuck {
		return
	}
	progress("%s: %s", profile, what)
	begin := time.Now()
	noticed, err := t.during(ctx, do)
	r.stuck = err != nil
	r.add(row{profile: profile, what: what, took: time.Since(begin), loss: &noticed, err: err})
}

// timed adds a row with the time that something took.
func (r *report) timed(ctx context.Context, profile, what string, do func(context.Context) error) {
	progress("%s: %s", profile, what)
	begin := time.Now()
	err := do(ctx)
	r.add(row{profile: profile, what: what, took: time.Since(begin), err: err})
}

// do adds a row with nothing but whether something went well.
func (r *report) do(ctx context.Context, profile, what string, do func(context.Context) error) {
	progress("%s: %s", profile, what)
	r.add(row{profile: profile, what: what, err: do(ctx)})
}

// checks adds a row for the checks of all containers.
func (r *report) checks(ctx context.Context, profile string) {
	progress("%s: checks", profile)
	names, err := r.stack.check(ctx)
	for _, api := range []string{"api", "api-1", "api-2", "api-3"} {
		if err == nil && slices.Contains(names, api) {
			err = r.stack.checkLogs(ctx, api)
		}
	}
	r.add(row{profile: profile, what: fmt.Sprintf("checks of %d containers", len(names)), err: err})
}

// judge compares the posts that are there with the notes of all writers.
func (r *report) judge(ctx context.Context) error {
	posts, err := ledger.Client{URL: direct}.Posts(ctx)
	if err != nil {
		return err
	}
	// The others come from the Postman collection.
	posts = slices.DeleteFunc(posts, func(p ledger.Post) bool { return !writersTitle.MatchString(p.Title) })
	notes, err := ledger.AllNotes(r.stack.notes())
	if err != nil {
		return err
	}
	r.verdict = ledger.Judge(notes, posts, nil)
	r.verdict.Store = "the stack"
	return r.verdict.Err()
}

// monitoring adds Prometheus to the default profile, and Grafana if its image is there.
func (r *report) monitoring(ctx context.Context) {
	services := []string{"prometheus"}
	if r.stack.real {
		services = append(services, "grafana")
	}
	r.timed(ctx, "monitoring", "up", func(ctx context.Context) error { return r.stack.up(ctx, "monitoring", services...) })
	r.do(ctx, "monitoring", "Prometheus reaches the API, the machine and itself", func(ctx context.Context) error {
		return awaitTargets(ctx, "http://127.0.0.1:9090", 3)
	})
	if r.stack.real {
		r.do(ctx, "monitoring", "Grafana has the dashboard", func(ctx context.Context) error {
			grafana := ledger.Client{URL: "http://admin:admin@127.0.0.1:3001"}
			_, err := grafana.Call(ctx, "GET", "/api/dashboards/uid/gin-blog", "", nil)
			return err
		})
	}
	r.checks(ctx, "monitoring")
}
