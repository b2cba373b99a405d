package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"gin-blog/tools/internal/ledger"
	"gin-blog/tools/internal/program"
)

const (
	// After a server has recovered, its next fault comes within this time. The database has fewer faults, further apart,
	// so that the faults of both go on for about as long and overlap.
	programPause, databasePause = time.Second, 3 * time.Second
	// databaseLeisure is how long a worker pauses after each request on MongoDB: to find the newest document, the small
	// server of the tests reads all, so it keeps up with a few writes a second only.
	databaseLeisure = 2 * time.Second
	// readyTimeout is how long it may take until the program is ready.
	readyTimeout = time.Minute
)

// trial is one run on one store.
type trial struct {
	name        string
	plan        plan
	mongoServer string // the script that becomes a MongoDB server, "" on SQLite

	program, database *program.Process
	site              ledger.Site
	crew              *ledger.Crew
	broken            []error // promises about SIGTERM that were broken
}

// run lets a crew write while the faults happen, and compares what it was told with what is there. Data and logs go to
// dir.
func (t *trial) run(ctx context.Context, binary, dir string, seed uint64) (*ledger.Verdict, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	settings := []string{"PORT={port}", "BCRYPT_COST=4", "RATE_LIMIT=false", "ACCESS_TOKEN_TTL=24h", "LOG_LEVEL=warn"}
	if t.mongoServer != "" {
		var err error
		t.database, err = program.NewProcess("mongo-server", dir, nil, t.mongoServer, "{port}", filepath.Join(dir, "mongodb"))
		if err != nil {
			return nil, err
		}
		defer t.database.Close()
		if err := t.database.StartAndWait(ctx); err != nil {
			return nil, err
		}
		settings = append(settings, "MONGO_URI=mongodb://"+t.database.Addr)
	}
	var err error
	if t.program, err = program.NewProcess("gin-blog", dir, settings, binary); err != nil {
		return nil, err
	}
	t.site.URL = "http://" + t.program.Addr
	defer t.program.Close()
	if err := t.startProgram(ctx); err != nil {
		return nil, err
	}
	if err := t.site.SignIn(ctx, "writer"); err != nil {
		return nil, err
	}
	role := append(settings, "DATA_DIR="+filepath.Join(dir, "data"))
	if err := program.Command(ctx, binary, role, "role", "writer", "admin"); err != nil {
		return nil, err
	}
	book := ledger.New()
	thread, err := t.prepare(ctx, book)
	if err != nil {
		return nil, err
	}
	work := ledger.Work{Posts: 16, Drafts: 8, Comments: 4, Thread: thread}
	if t.database != nil {
		work.Pause = databaseLeisure
	}
	t.crew = book.StartCrew(ctx, &t.site, "w", work)
	err = t.injectFaults(ctx, seed)
	t.crew.Stop()
	if err != nil {
		return nil, err
	}
	return book.Compare(ctx, &t.site.Client, thread)
}

// startProgram starts the program and waits until it is ready.
func (t *trial) startProgram(ctx context.Context) error {
	if err := t.program.Start(); err != nil {
		return err
	}
	return program.Await(ctx, readyTimeout, "the program to be ready", func() error {
		_, err := t.site.Call(ctx, http.MethodGet, "/readyz", nil, nil)
		return err
	})
}

// prepare creates the drafts that publish themselves, one a second, what the spammer wrote, and the post that is
// commented on, whose id it returns.
func (t *trial) prepare(ctx context.Context, book *ledger.Ledger) (thread string, err error) {
	for n := range t.plan.due {
		at := time.Now().Add(time.Duration(n+1) * time.Second).UTC().Format(time.RFC3339Nano)
		draft := map[string]string{"title": fmt.Sprintf("due-%02d", n), "content": "On time?", "publishAt": at}
		if _, err := book.Create(ctx, &t.site.Client, "/drafts", draft); err != nil {
			return "", err
		}
	}
	spammer, post := program.Client{URL: t.site.URL}, map[string]string{"title": "Spam", "content": "What do you think?"}
	if err := spammer.SignIn(ctx, "spammer"); err != nil {
		return "", err
	}
	for range 200 {
		if _, err := spammer.Call(ctx, http.MethodPost, "/posts", post, nil); err != nil {
			return "", err
		}
	}
	post["title"] = "the post that is commented on"
	return book.Create(ctx, &t.site.Client, "/posts", post)
}

// purge purges the spammer. No post of theirs is in the ledger, so each that is there at the end breaks a promise.
func (t *trial) purge(ctx context.Context) error {
	var user ledger.Item
	_, err := t.site.Call(ctx, http.MethodGet, "/users/spammer", nil, &user)
	if err == nil {
		_, err = t.site.Call(ctx, http.MethodDelete, "/admin/users/"+user.ID+"?purge=true", nil, nil)
	}
	if refusal, ok := errors.AsType[*program.StatusError](err); ok && refusal.Status == http.StatusNotFound {
		return nil // an earlier try got no answer
	}
	return err
}

// injectFaults injects all faults of the plan: those of the program and those of the database at the same time.
func (t *trial) injectFaults(ctx context.Context, seed uint64) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return t.injectProgramFaults(groupCtx, rand.New(rand.NewPCG(seed, 1))) })
	group.Go(func() error { return t.injectDatabaseFaults(groupCtx, rand.New(rand.NewPCG(seed, 2))) })
	group.Go(func() error {
		return program.Await(groupCtx, readyTimeout, "the purge", func() error { return t.purge(groupCtx) })
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return t.crew.AwaitProgress(ctx)
}

// injectProgramFaults kills and stops the program in random order, and starts it again each time.
func (t *trial) injectProgramFaults(ctx context.Context, random *rand.Rand) error {
	for _, n := range random.Perm(t.plan.kills + t.plan.terms) {
		if err := t.awaitNextFault(ctx, random, programPause); err != nil {
			return err
		}
		// A missing answer has this fault as its cause, until the next one: every writer was served since the one before.
		kill := n < t.plan.kills
		t.site.Stopped.Store(!kill)
		if kill {
			if err := t.program.Kill(); err != nil {
				return err
			}
		} else if err := t.program.Terminate(); err != nil {
			t.broken = append(t.broken, err)
		}
		if err := t.startProgram(ctx); err != nil {
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
		if err := t.database.Kill(); err != nil {
			return err
		}
		if err := t.database.Start(); err != nil {
			return err
		}
	}
	return nil
}

// awaitNextFault waits until every writer was served once more, and then for a random time below maxPause.
func (t *trial) awaitNextFault(ctx context.Context, random *rand.Rand, maxPause time.Duration) error {
	if err := t.crew.AwaitProgress(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(random.Int64N(int64(maxPause)))):
		return nil
	}
}
