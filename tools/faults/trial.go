package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gin-blog/tools/internal/ledger"
	"gin-blog/tools/internal/program"
)

const (
	writerCount = 16
	// recoveryTimeout is how long it may take until every writer has a post acknowledged again.
	recoveryTimeout = time.Minute
	// After a server has recovered, its next fault comes within this time. The database has fewer faults, further apart,
	// so that the faults of both go on for about as long and overlap.
	programPause, databasePause = time.Second, 3 * time.Second
)

// trial is one run on one store.
type trial struct {
	name     string
	dir      string
	plan     plan
	seed     uint64
	client   ledger.Client
	program  *process
	database *process // nil on SQLite

	site    ledger.Site
	thread  string // the post that is commented on
	writers []*ledger.Writer
	broken  []error // promises about SIGTERM that were broken
}

// newTrial prepares a run of the binary on SQLite. Data, logs and notes go to dir.
func newTrial(name, dir, binary string, p plan, seed uint64) (*trial, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := program.FreePort()
	if err != nil {
		return nil, err
	}
	env := []string{
		fmt.Sprintf("PORT=%d", port), "BCRYPT_COST=4", "RATE_LIMIT=false", "ACCESS_TOKEN_TTL=24h", "LOG_LEVEL=warn",
	}
	return &trial{
		name: name, dir: dir, plan: p, seed: seed,
		client:  ledger.Client{URL: fmt.Sprintf("http://127.0.0.1:%d", port)},
		program: &process{name: "gin-blog", command: []string{binary}, dir: dir, env: env},
	}, nil
}

// useMongoDB gives the trial a MongoDB server of its own, which the script becomes.
func (t *trial) useMongoDB(script string) error {
	port, err := program.FreePort()
	if err != nil {
		return err
	}
	t.database = &process{name: "mongo-server", dir: t.dir, env: os.Environ(),
		command: []string{script, fmt.Sprint(port), filepath.Join(t.dir, "mongodb")}}
	t.program.env = append(t.program.env, fmt.Sprintf("MONGO_URI=mongodb://127.0.0.1:%d", port))
	return nil
}

// run lets the writers write while the faults happen, and compares their notes with what is there.
func (t *trial) run(ctx context.Context) (*verdict, error) {
	if t.database != nil {
		if err := t.database.start(); err != nil {
			return nil, err
		}
		defer t.database.close()
	}
	if err := t.program.start(); err != nil {
		return nil, err
	}
	defer t.program.close()
	if err := t.awaitReady(ctx); err != nil {
		return nil, err
	}
	if err := t.writeThroughFaults(ctx); err != nil {
		return nil, err
	}
	v, err := t.judge(ctx)
	if err != nil {
		return nil, err
	}
	v.Store = t.name
	for _, err := range t.broken {
		v.Wrong = append(v.Wrong, err.Error())
	}
	return &verdict{Verdict: v, plan: t.plan, outage: t.site.Outages.Longest()}, nil
}

// writeThroughFaults starts the writers, lets all faults happen, and stops the writers.
func (t *trial) writeThroughFaults(ctx context.Context) error {
	token, err := t.client.SignIn(ctx)
	if err != nil {
		return err
	}
	t.site.URL, t.site.Token = t.client.URL, token
	if err := t.createDueDrafts(ctx); err != nil {
		return err
	}
	if t.thread, err = t.createThread(ctx); err != nil {
		return err
	}
	for number := range writerCount + draftWriterCount + commentWriterCount {
		w, err := t.newWriter(number)
		if err != nil {
			return err
		}
		t.writers = append(t.writers, w)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	stop := make(chan struct{})
	for _, w := range t.writers {
		group.Go(func() error { return w.Run(groupCtx, stop) })
	}
	group.Go(func() error {
		defer close(stop)
		return t.injectFaults(groupCtx)
	})
	return group.Wait()
}

// newWriter returns a writer of posts, of drafts or of comments.
func (t *trial) newWriter(number int) (*ledger.Writer, error) {
	switch {
	case number < writerCount:
		return t.site.NewWriter(t.dir, number)
	case number < writerCount+draftWriterCount:
		return t.site.NewDraftWriter(t.dir, number)
	default:
		return t.site.NewCommentWriter(t.dir, number, t.thread)
	}
}

// injectFaults injects all faults of the plan: those of the program and those of the database at the same time.
func (t *trial) injectFaults(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return t.injectProgramFaults(groupCtx, rand.New(rand.NewPCG(t.seed, 1))) })
	if t.database != nil {
		group.Go(func() error { return t.injectDatabaseFaults(groupCtx, rand.New(rand.NewPCG(t.seed, 2))) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return t.awaitWriters(ctx)
}

// injectProgramFaults kills and stops the program in random order, and starts it again each time.
func (t *trial) injectProgramFaults(ctx context.Context, random *rand.Rand) error {
	faults := slices.Concat(
		slices.Repeat([]string{ledger.Kill}, t.plan.kills), slices.Repeat([]string{ledger.Term}, t.plan.terms))
	random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	for _, fault := range faults {
		if err := t.awaitNextFault(ctx, random, programPause); err != nil {
			return err
		}
		// A missing answer has this fault as its cause, until the next fault: every writer has had a post acknowledged since
		// the fault before.
		t.site.Fault.Store(fault)
		if fault == ledger.Kill {
			if err := t.program.kill(); err != nil {
				return err
			}
		} else if err := t.program.terminate(); err != nil {
			t.broken = append(t.broken, err)
		}
		if err := t.program.start(); err != nil {
			return err
		}
		if err := t.awaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// injectDatabaseFaults kills the database again and again, and starts it each time.
func (t *trial) injectDatabaseFaults(ctx context.Context, random *rand.Rand) error {
	for range t.plan.databaseKills {
		if err := t.awaitNextFault(ctx, random, databasePause); err != nil {
			return err
		}
		if err := t.database.kill(); err != nil {
			return err
		}
		if err := t.database.start(); err != nil {
			return err
		}
	}
	return nil
}

// awaitNextFault waits until every writer had one more post acknowledged, and then for a random time below maxPause.
func (t *trial) awaitNextFault(ctx context.Context, random *rand.Rand, maxPause time.Duration) error {
	if err := t.awaitWriters(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(random.Int64N(int64(maxPause)))):
		return nil
	}
}

// awaitWriters waits until every writer had one more post acknowledged.
func (t *trial) awaitWriters(ctx context.Context) error {
	before := make([]int64, len(t.writers))
	for i, w := range t.writers {
		before[i] = w.Acknowledged()
	}
	return await(ctx, "every writer's next acknowledged post", func() bool {
		for i, w := range t.writers {
			if w.Acknowledged() == before[i] {
				return false
			}
		}
		return true
	})
}

// awaitReady waits until the program says that it is ready.
func (t *trial) awaitReady(ctx context.Context) error {
	return await(ctx, "the readiness of the program", func() bool {
		_, err := t.client.Call(ctx, http.MethodGet, "/readyz", "", nil)
		return err == nil
	})
}

// await waits until done returns true. It returns an error that names what it waited for after recoveryTimeout.
func await(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s", what), ctx.Err())
		case <-ticker.C:
		}
	}
	return nil
}
