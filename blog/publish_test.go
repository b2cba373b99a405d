package blog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// writer is a store with an author, and a clock that stands still unless the test moves it.
type writer struct {
	store  models.Store
	author *models.User
	now    atomic.Int64 // milliseconds since 1970
}

func newWriter(t *testing.T, store models.Store) *writer {
	t.Helper()
	b := &writer{store: store, author: &models.User{
		ID: models.NewID(), Username: "alice", PasswordHash: "$2a$10$hash", Role: models.RoleUser, CreatedAt: time.Now(),
	}}
	b.now.Store(time.Now().UnixMilli())
	if err := store.CreateUser(t.Context(), b.author); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *writer) clock() time.Time { return time.UnixMilli(b.now.Load()).UTC() }

// draft stores a draft that publishes itself after some time.
func (b *writer) draft(t *testing.T, title string, after time.Duration) *models.Draft {
	t.Helper()
	d := &models.Draft{
		ID: models.NewID(), Text: models.Text{Title: title, Content: "Hello"}, AuthorID: b.author.ID,
		CreatedAt: b.clock(), UpdatedAt: b.clock(), PublishAt: b.clock().Add(after),
	}
	if err := b.store.CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// start starts a publisher, which stops at the end of the test.
func (b *writer) start(t *testing.T, store models.Store) (stop func()) {
	t.Helper()
	stop = blog.New(blog.Options{
		Store: store, Now: b.clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}).Publish(t.Context(), 5*time.Millisecond)
	t.Cleanup(stop)
	return stop
}

// posts returns the titles of all posts, newest first.
func (b *writer) posts(t *testing.T) string {
	t.Helper()
	posts, _, err := b.store.Posts(t.Context(), models.PostFilter{Limit: 100})
	if err != nil {
		return err.Error()
	}
	titles := make([]string, len(posts))
	for i, p := range posts {
		titles[i] = p.Title
	}
	return strings.Join(titles, " ")
}

// await waits until there are these posts.
func (b *writer) await(t *testing.T, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = b.posts(t); got == want {
			return
		}
	}
	t.Fatalf("the posts are %q, want %q", got, want)
}

// awaitNoDraft waits until the author has no draft: a draft goes after its post is there.
func (b *writer) awaitNoDraft(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		drafts, _, err := b.store.Drafts(t.Context(), models.DraftFilter{AuthorID: b.author.ID, Limit: 9})
		if err == nil && len(drafts) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the drafts are %v, %v, want none", drafts, err)
		}
	}
}

// looks waits until a publisher has looked for drafts some times more.
func looks(t *testing.T, count *atomic.Int64) {
	t.Helper()
	target := count.Load() + 3
	for deadline := time.Now().Add(20 * time.Second); count.Load() < target; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the publisher does not look")
		}
	}
}

func TestDraftsArePublishedAtTheirTime(t *testing.T) {
	var count atomic.Int64
	observe := func(operation string, _ time.Duration, _ error) {
		if operation == "find due drafts" {
			count.Add(1)
		}
	}
	for name, open := range map[string]func(t *testing.T) models.Store{
		"SQLite":  func(t *testing.T) models.Store { return testkit.ObservedSQLite(t, observe) },
		"MongoDB": func(t *testing.T) models.Store { return testkit.OpenMongoDB(t, testkit.Database(t), observe) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newWriter(t, open(t))
			b.draft(t, "third", 3*time.Minute)
			b.draft(t, "first", time.Minute)
			b.draft(t, "second", 2*time.Minute)
			stop := b.start(t, b.store)
			looks(t, &count)
			b.await(t, "")
			b.now.Add(time.Minute.Milliseconds())
			b.await(t, "first")
			looks(t, &count)
			b.await(t, "first")

			b.now.Add(-time.Hour.Milliseconds()) // the clock is set back
			looks(t, &count)
			b.await(t, "first")
			b.now.Add(time.Hour.Milliseconds())

			stop() // downtime
			before := count.Load()
			b.now.Add(24 * time.Hour.Milliseconds())
			if b.await(t, "first"); count.Load() != before {
				t.Error("a publisher that was stopped still looks")
			}
			b.start(t, b.store)
			b.await(t, "third second first")
			b.awaitNoDraft(t)
		})
	}
}

// TestManyPublishersPublishOnce: publishers on one database publish each draft once, also more than fit into one look.
func TestManyPublishersPublishOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		b := newWriter(t, store)
		drafts := make([]models.Draft, 105)
		for i := range drafts {
			drafts[i] = models.Draft{
				ID: models.NewID(), Text: models.Text{Title: fmt.Sprintf("%03d", i), Content: "Hello"},
				AuthorID: b.author.ID, CreatedAt: b.clock(), UpdatedAt: b.clock(), PublishAt: b.clock(),
			}
		}
		if err := store.DraftTable().Insert(t.Context(), drafts); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			b.start(t, store)
		}
		seen := map[string]int{}
		for deadline := time.Now().Add(30 * time.Second); len(seen) < len(drafts); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d drafts were published", len(seen), len(drafts))
			}
			seen = map[string]int{}
			f := models.PostFilter{Limit: 100}
			for more := true; more; {
				page, next, err := store.Posts(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range page {
					seen[p.Title]++
					f.After = p.ID
				}
				more = next
			}
		}
		for title, n := range seen {
			if n != 1 {
				t.Errorf("%s was published %d times", title, n)
			}
		}
	})
}

// TestPublisherGoesOnAfterAnOutage: the publisher goes on when the database is back, and says once that it was away.
func TestPublisherGoesOnAfterAnOutage(t *testing.T) {
	db := testkit.Database(t)
	b := newWriter(t, testkit.OpenMongoDB(t, db, nil))
	b.draft(t, "late", time.Minute)
	proxy := testkit.NewMongoProxy(t)
	proxy.Listen()
	var failures atomic.Int64
	observe := func(operation string, _ time.Duration, err error) {
		if operation == "find due drafts" && err != nil {
			failures.Add(1)
		}
	}
	store, err := mongodb.New(proxy.URI(), db.Name(), models.ToServe, slog.New(slog.DiscardHandler), observe)
	if err == nil {
		err = store.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close(context.WithoutCancel(t.Context())) })
	var log strings.Builder
	publisher := blog.New(blog.Options{Store: store, Now: b.clock, Log: slog.New(slog.NewTextHandler(&log, nil))})
	stop := publisher.Publish(t.Context(), 5*time.Millisecond)
	defer stop()
	proxy.Cut()
	b.now.Add(time.Minute.Milliseconds())
	for deadline := time.Now().Add(20 * time.Second); failures.Load() < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the publisher does not notice that the database is away")
		}
	}
	b.await(t, "")
	proxy.Listen()
	b.await(t, "late")
	stop() // from here on nothing is logged
	if n := strings.Count(log.String(), "cannot publish"); n != 1 {
		t.Errorf("the log says %d times that the database is away: %s", n, log.String())
	}
}

// movingStore is a store in which authors choose another time for a draft right after the publisher has found it.
type movingStore struct {
	models.Store
	move func(models.DueDraft)
}

func (s movingStore) DueDrafts(
	ctx context.Context, at time.Time, after models.DueDraft, limit int,
) ([]models.DueDraft, error) {
	due, err := s.Store.DueDrafts(ctx, at, after, limit)
	for _, d := range due {
		s.move(d)
	}
	return due, err
}

// TestMovedDraftsWait: a draft whose time was moved since it was found is not published.
func TestMovedDraftsWait(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		b := newWriter(t, store)
		draft := b.draft(t, "moved", time.Minute)
		b.draft(t, "last", time.Minute)
		b.now.Add(time.Minute.Milliseconds())
		later := b.clock().Add(time.Hour)
		b.start(t, movingStore{store, func(d models.DueDraft) {
			if d.ID != draft.ID {
				return
			}
			postpone := func(d *models.Draft) error {
				d.PublishAt = later
				return nil
			}
			if _, err := store.UpdateDraft(t.Context(), d.ID, postpone); err != nil {
				t.Error(err)
			}
		}})
		b.await(t, "last") // which comes after the other one
		if _, err := store.DraftByID(t.Context(), draft.ID); err != nil {
			t.Errorf("the moved draft: %v", err)
		}
	})
}

// faulty is a store that panics for one draft.
type faulty struct {
	models.Store
	draft models.ID
}

func (f faulty) PublishDraft(
	ctx context.Context, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) (*models.Post, bool, error) {
	if id == f.draft {
		panic("a mistake")
	}
	return f.Store.PublishDraft(ctx, id, author, publish)
}

// TestPanicHoldsUpNoOtherDraft: a mistake that one draft reveals ends neither the process nor the batch.
func TestPanicHoldsUpNoOtherDraft(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		b := newWriter(t, store)
		odd := b.draft(t, "odd", time.Minute)
		b.draft(t, "sound", 2*time.Minute)
		b.now.Add(3 * time.Minute.Milliseconds())
		stop := b.start(t, faulty{store, odd.ID})
		b.await(t, "sound")
		stop()
		b.start(t, store)
		b.await(t, "odd sound")
	})
}

// failingStore is a store that does not publish some drafts, each for a reason of its own.
type failingStore struct {
	models.Store
	fails map[models.ID]error
	heals atomic.Bool
	looks chan struct{} // receives when a look begins
}

func (s *failingStore) DueDrafts(
	ctx context.Context, at time.Time, after models.DueDraft, limit int,
) ([]models.DueDraft, error) {
	if after.ID.IsZero() {
		select {
		case s.looks <- struct{}{}:
		default:
		}
	}
	return s.Store.DueDrafts(ctx, at, after, limit)
}

func (s *failingStore) PublishDraft(
	ctx context.Context, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) (*models.Post, bool, error) {
	if err := s.fails[id]; err != nil && !s.heals.Load() {
		return nil, false, err
	}
	return s.Store.PublishDraft(ctx, id, author, publish)
}

// TestDraftsThatFailHoldUpNoOthers: more drafts than fit into one look fail again and again, one of them as if the
// database were away. The others are published, and the log says once which ones are not.
func TestDraftsThatFailHoldUpNoOthers(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		b := newWriter(t, store)
		drafts := make([]models.Draft, 205)
		failing := &failingStore{Store: store, fails: map[models.ID]error{}, looks: make(chan struct{})}
		for i := range drafts {
			drafts[i] = models.Draft{
				ID: models.NewID(), Text: models.Text{Title: fmt.Sprint("bad ", i), Content: "Hello"},
				AuthorID: b.author.ID, CreatedAt: b.clock(), UpdatedAt: b.clock(), PublishAt: b.clock(),
			}
			failing.fails[drafts[i].ID] = errors.New("disk on fire")
		}
		failing.fails[drafts[7].ID] = fmt.Errorf("publish: %w", models.ErrUnavailable)
		if err := store.DraftTable().Insert(t.Context(), drafts); err != nil {
			t.Fatal(err)
		}
		b.draft(t, "good", time.Second)
		b.now.Add(time.Second.Milliseconds())
		var log strings.Builder
		publisher := blog.New(blog.Options{Store: failing, Now: b.clock, Log: slog.New(slog.NewTextHandler(&log, nil))})
		stop := publisher.Publish(t.Context(), time.Millisecond)
		b.await(t, "good")
		for range 3 {
			<-failing.looks
		}
		failing.heals.Store(true)
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			due, err := store.DueDrafts(t.Context(), b.clock(), models.DueDraft{}, 1)
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("%v are still due, %v", due, err)
			}
			if len(due) == 0 {
				break
			}
		}
		stop()
		if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), drafts[0].ID.Hex()) {
			t.Errorf("%d warnings, want one that names drafts:\n%.2000s", n, log.String())
		}
	})
}

// TestDraftsOfASuspendedUserWait: they are published once the suspension is over.
func TestDraftsOfASuspendedUserWait(t *testing.T) {
	testkit.Each(t, func(t *testing.T, store models.Store) {
		b := newWriter(t, store)
		bob := &models.User{ID: models.NewID(), Username: "bob", Role: models.RoleUser, CreatedAt: time.Now()}
		if err := store.CreateUser(t.Context(), bob); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Suspend(t.Context(), b.author.ID, b.clock(), ""); err != nil {
			t.Fatal(err)
		}
		b.draft(t, "Spam", -2*time.Second)
		suspended := b.author
		b.author = bob
		b.draft(t, "Kept", -time.Second)
		b.start(t, store)
		b.await(t, "Kept")
		if _, err := store.Suspend(t.Context(), suspended.ID, time.Time{}, ""); err != nil {
			t.Fatal(err)
		}
		b.await(t, "Spam Kept")
	})
}
