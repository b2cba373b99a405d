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
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	writerCount = 16
	// recovery is how long a server may take until every writer has a post acknowledged again.
	recovery = time.Minute
	// A fault comes at most this long after the last one of the same server was overcome. Those of the database are rarer, so
	// that both go on for about as long, and meet.
	programPause, databasePause = time.Second, 3 * time.Second

	kill, term = "SIGKILL", "SIGTERM"
)

// trial is a run on one store.
type trial struct {
	name     string
	dir      string
	plan     plan
	seed     uint64
	url      string
	program  *process
	database *process // nil on SQLite

	fault   atomic.Value // the latest one of the program, a string
	writers []*writer
	gaps    gaps
	broken  []error // promises about SIGTERM
}

// newTrial prepares a run of a binary on SQLite, with everything that it leaves behind in dir.
func newTrial(name, dir, binary string, p plan, seed uint64) (*trial, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return &trial{name: name, dir: dir, plan: p, seed: seed, url: fmt.Sprintf("http://127.0.0.1:%d", port),
		program: &process{name: "gin-blog", command: []string{binary}, dir: dir, env: []string{
			fmt.Sprintf("PORT=%d", port), "BCRYPT_COST=4", "RATE_LIMIT=false", "ACCESS_TOKEN_TTL=24h", "LOG_LEVEL=warn"}},
	}, nil
}

// useMongoDB gives the trial a MongoDB server of its own.
func (t *trial) useMongoDB() error {
	script, err := filepath.Abs(mongoServer)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	t.database = &process{name: "mongo-server", dir: t.dir, env: os.Environ(),
		command: []string{script, fmt.Sprint(port), filepath.Join(t.dir, "mongodb")}}
	t.program.env = append(t.program.env, fmt.Sprintf("MONGO_URI=mongodb://127.0.0.1:%d", port))
	return nil
}

// run lets the writers write through all faults, and compares.
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
	token, err := t.signIn(ctx)
	if err != nil {
		return nil, err
	}
	for number := range writerCount {
		w, err := newWriter(number, t, token)
		if err != nil {
			return nil, err
		}
		t.writers = append(t.writers, w)
	}

	writing, writingCtx := errgroup.WithContext(ctx)
	stop := make(chan struct{})
	for _, w := range t.writers {
		writing.Go(func() error { return w.run(writingCtx, stop) })
	}
	writing.Go(func() error {
		defer close(stop)
		return t.strike(writingCtx)
	})
	if err := writing.Wait(); err != nil {
		return nil, err
	}

	notes, err := t.notes()
	if err != nil {
		return nil, err
	}
	posts, err := t.posts(ctx)
	if err != nil {
		return nil, err
	}
	v := judge(notes, posts)
	v.store, v.plan, v.outage = t.name, t.plan, t.gaps.longest
	for _, err := range t.broken {
		v.wrong = append(v.wrong, err.Error())
	}
	return v, nil
}

// strike lets all faults happen, those of the program and of the database side by side.
func (t *trial) strike(ctx context.Context) error {
	faults, faultsCtx := errgroup.WithContext(ctx)
	faults.Go(func() error { return t.strikeProgram(faultsCtx, rand.New(rand.NewPCG(t.seed, 1))) })
	if t.database != nil {
		faults.Go(func() error { return t.strikeDatabase(faultsCtx, rand.New(rand.NewPCG(t.seed, 2))) })
	}
	if err := faults.Wait(); err != nil {
		return err
	}
	return t.awaitWriters(ctx)
}

func (t *trial) strikeProgram(ctx context.Context, random *rand.Rand) error {
	faults := slices.Concat(slices.Repeat([]string{kill}, t.plan.kills), slices.Repeat([]string{term}, t.plan.terms))
	random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	for _, fault := range faults {
		if err := t.awaitMoment(ctx, random, programPause); err != nil {
			return err
		}
		// From here on, until the next fault, an answer that stays out is this one's doing: every writer has had an answer
		// since the fault before.
		t.fault.Store(fault)
		if fault == kill {
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

func (t *trial) strikeDatabase(ctx context.Context, random *rand.Rand) error {
	for range t.plan.databaseKills {
		if err := t.awaitMoment(ctx, random, databasePause); err != nil {
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

// awaitMoment waits until every writer had a post acknowledged, and then for an irregular time.
func (t *trial) awaitMoment(ctx context.Context, random *rand.Rand, most time.Duration) error {
	if err := t.awaitWriters(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(random.Int64N(int64(most)))):
		return nil
	}
}

// awaitWriters waits until every writer had one more post acknowledged.
func (t *trial) awaitWriters(ctx context.Context) error {
	before := make([]int64, len(t.writers))
	for i, w := range t.writers {
		before[i] = w.acknowledged.Load()
	}
	return await(ctx, "every writer to have a post acknowledged", func() bool {
		for i, w := range t.writers {
			if w.acknowledged.Load() == before[i] {
				return false
			}
		}
		return true
	})
}

func (t *trial) awaitReady(ctx context.Context) error {
	return await(ctx, "the program to be ready", func() bool {
		_, err := t.call(ctx, http.MethodGet, "/readyz", "", nil)
		return err == nil
	})
}

// await waits until something holds.
func await(ctx context.Context, what string, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s", what), ctx.Err())
		case <-ticker.C:
		}
	}
	return nil
}
