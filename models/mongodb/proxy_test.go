package mongodb_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// openBehind returns a store that reaches its database through a proxy. settings are added to the URI.
func openBehind(t *testing.T, proxy *testkit.MongoProxy, db *mongo.Database, settings ...string) models.Store {
	t.Helper()
	proxy.Listen()
	uri := proxy.URI() + strings.Join(settings, "")
	store, err := mongodb.Open(uri, db.Name(), slog.New(slog.NewTextHandler(t.Output(), nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // indexes may take long
		if err := store.Ping(t.Context()); err == nil {
			return store
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// skipWithoutRepetition skips the test if the driver does not repeat writes to this server: a single mongod.
func skipWithoutRepetition(t *testing.T, db *mongo.Database) {
	t.Helper()
	hello, err := db.RunCommand(t.Context(), bson.D{{Key: "hello", Value: 1}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hello.LookupErr("setName"); err != nil {
		testkit.LeaveOut(t, "the MongoDB server is no member of a replica set, so the driver repeats no write")
	}
}

// TestRepeatedWrites: the reply to a write gets lost, the driver repeats the write, and the server carries out both.
// The caller hears that the write succeeded.
func TestRepeatedWrites(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	skipWithoutRepetition(t, db)
	store := openBehind(t, proxy, db)

	u := &models.User{ID: models.NewID(), Username: "alice", Email: "a@b.co", PasswordHash: "old", CreatedAt: time.Now()}
	p, keyed := newPost(u.ID), newPost(u.ID)
	comment := newComment(keyed)
	key := &models.Idempotency{Key: "key", Fingerprint: []byte("fingerprint"), Since: time.Now().Add(-time.Hour)}
	session := &models.Session{ID: models.NewID(), UserID: u.ID, RefreshID: "first", ExpiresAt: time.Now().Add(time.Hour)}
	for _, c := range []struct {
		name, command string
		call          func(ctx context.Context) error
	}{
		{"create user", "insert", func(ctx context.Context) error { return store.CreateUser(ctx, u) }},
		{"update user", "update", func(ctx context.Context) error {
			_, err := store.UpdateUser(ctx, u.ID, sets(func(u *models.User) { u.Name, u.Email = "A. L.", "" }))
			return err
		}},
		{"set role", "update", func(ctx context.Context) error { return store.SetRole(ctx, "alice", models.RoleAdmin) }},
		{"create session", "insert", func(ctx context.Context) error { return store.CreateSession(ctx, session) }},
		{"rotate session", "findAndModify", func(ctx context.Context) error {
			got, err := store.SwapRefreshID(ctx, session.ID, "first", "second", time.Now())
			if err == nil && got.RefreshID != "second" {
				t.Errorf("rotate session: the refresh id is %q", got.RefreshID)
			}
			return err
		}},
		{"change password", "update", func(ctx context.Context) error {
			return store.ChangePassword(ctx, u.ID, 0, "new", session.ID)
		}},
		{"create post", "insert", func(ctx context.Context) error {
			existing, err := store.CreatePost(ctx, p, nil)
			if existing != nil {
				t.Error("create post: it existed before")
			}
			return err
		}},
		{"create post with a key", "insert", func(ctx context.Context) error {
			existing, err := store.CreatePost(ctx, keyed, key)
			if existing != nil {
				t.Error("create post with a key: it existed before")
			}
			return err
		}},
		{"update post", "update", func(ctx context.Context) error {
			read, err := store.PostByID(ctx, p.ID)
			if err != nil {
				return err
			}
			got, err := store.UpdatePost(ctx, p.ID, ifUnchanged(read, func(p *models.Post) {
				p.Title, p.Tags, p.UpdatedAt = "New", []string{"a", "b"}, time.Now()
			}))
			if err == nil && (got.Title != "New" || got.Author == nil || got.Author.Username != "alice") {
				t.Errorf("update post: got %+v", got)
			}
			return err
		}},
		{"create comment with a key", "insert", func(ctx context.Context) error {
			existing, err := store.CreateComment(ctx, comment, key)
			if existing != nil {
				t.Error("create comment with a key: it existed before")
			}
			return err
		}},
		{"update comment", "update", func(ctx context.Context) error {
			got, err := store.UpdateComment(ctx, comment.ID, sets(func(c *models.Comment) { c.Content = "New" }))
			if err == nil && got.Content != "New" {
				t.Errorf("update comment: got %+v", got)
			}
			return err
		}},
		{"delete comment", "delete", func(ctx context.Context) error {
			read, err := store.CommentByID(ctx, comment.ID)
			if err != nil {
				return err
			}
			return store.DeleteComment(ctx, comment.ID, ifUnchanged(read, nil))
		}},
		{"delete post", "delete", func(ctx context.Context) error {
			read, err := store.PostByID(ctx, p.ID)
			if err != nil {
				return err
			}
			return store.DeletePost(ctx, p.ID, ifUnchanged(read, nil))
		}},
		{"delete session of a user", "delete", func(ctx context.Context) error {
			return store.DeleteSessionOf(ctx, u.ID, session.ID)
		}},
		{"delete user", "delete", func(ctx context.Context) error { return store.DeleteUser(ctx, u.ID) }},
	} {
		before := proxy.Dropped()
		proxy.DropReply(c.command)
		if err := c.call(t.Context()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if dropped := proxy.Dropped() - before; dropped != 1 {
			t.Errorf("%s: %d replies were dropped, want 1", c.name, dropped)
		}
	}
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	if err != nil || len(posts) != 1 || posts[0].ID != keyed.ID {
		t.Errorf("there are %v, %v, want the post with the key", posts, err)
	}
}

// TestRepeatedWritesOfOthers: a write that the driver repeats is still refused if another one came first.
func TestRepeatedWritesOfOthers(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	skipWithoutRepetition(t, db)
	store := openBehind(t, proxy, db)
	u := &models.User{ID: models.NewID(), Username: "alice", PasswordHash: "old", CreatedAt: time.Now()}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	p := newPost(u.ID)
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, command string
		call          func() error
		want          error
	}{
		{"create user", "insert", func() error {
			other := *u
			other.ID = models.NewID()
			return store.CreateUser(t.Context(), &other)
		}, models.ErrUsernameTaken},
		{"change password", "update", func() error {
			return store.ChangePassword(t.Context(), u.ID, 7, "new", models.ID{})
		}, models.ErrPasswordChanged},
		{"update post", "update", func() error {
			isFirst := true
			_, err := store.UpdatePost(t.Context(), p.ID, func(p *models.Post) error {
				if !isFirst {
					return errChanged
				}
				isFirst = false
				p.Title = "New"
				edit := bson.M{"$set": bson.M{"title": "Edited elsewhere"}}
				_, err := db.Collection("posts").UpdateOne(t.Context(), bson.M{"_id": p.ID}, edit)
				return err
			})
			return err
		}, errChanged},
	} {
		proxy.DropReply(c.command)
		if err := c.call(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// TestClientThatHangsUp: the caller cancels its context while the server works. The database is not to blame.
func TestClientThatHangsUp(t *testing.T) {
	proxy := testkit.NewMongoProxy(t)
	store := openBehind(t, proxy, testkit.Database(t))
	words := models.ParseWords("hello")
	for name, call := range map[string]func(ctx context.Context) error{
		"ping": store.Ping,
		"list": func(ctx context.Context) error {
			_, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
			return err
		},
		"search": func(ctx context.Context) error {
			_, _, err := store.Posts(ctx, models.PostFilter{Limit: 1, Words: words})
			return err
		},
		"create post": func(ctx context.Context) error {
			_, err := store.CreatePost(ctx, newPost(models.NewID()), nil)
			return err
		},
	} {
		proxy.Hang(true)
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, hangUp)
		if err := call(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, models.ErrUnavailable) {
			t.Errorf("%s: got %v, want Canceled", name, err)
		}
		proxy.Hang(false)
	}
}

// manyPosts stores more posts with the word hello than a server sends at once.
func manyPosts(t *testing.T, db *mongo.Database) {
	t.Helper()
	posts := make([]any, 500)
	for i := range posts {
		posts[i] = bson.M{"title": "My Post", "content": strings.Repeat("Hello ", 20)}
	}
	insert(t, db, "posts", posts...)
}

// TestSearchTakesTooLong: a search that the server cannot finish is told from a server that does not answer.
func TestSearchTakesTooLong(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	manyPosts(t, db)
	store := openBehind(t, proxy, db)
	searchFor := func(words string) error {
		_, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 400, Words: models.ParseWords(words)})
		return err
	}
	search := func() error { return searchFor("hello") }
	for _, command := range []string{"find", "getMore"} {
		proxy.HoldReplies(command, models.SearchTimeout+100*time.Millisecond)
		if err := search(); !errors.Is(err, models.ErrSearchTooLong) || errors.Is(err, models.ErrUnavailable) {
			t.Errorf("a slow %s: got %v, want ErrSearchTooLong", command, err)
		}
	}
	proxy.HoldReplies("", 0)
	if err := search(); err != nil {
		t.Errorf("a fast search: %v", err)
	}

	if err := searchFor("rare"); err != nil { // which fetches no authors
		t.Fatal(err)
	}
	limit := models.SearchTimeout.Milliseconds()
	if told, ok := proxy.Received("find").Lookup("maxTimeMS").AsInt64OK(); !ok || told < limit/2 || told > limit {
		t.Errorf("the server is told to give up after %d ms, want at most %d", told, limit)
	}

	proxy.Hang(true)
	defer proxy.Hang(false)
	start := time.Now()
	if err := search(); !errors.Is(err, models.ErrUnavailable) || errors.Is(err, models.ErrSearchTooLong) {
		t.Errorf("a server that hangs: got %v, want ErrUnavailable", err)
	}
	if took := time.Since(start); took > models.CallTimeout+200*time.Millisecond {
		t.Errorf("a server that hangs: took %v", took)
	}
}

// TestCursorIsClosed: the server hears that a page is complete, or that its client hung up.
func TestCursorIsClosed(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	manyPosts(t, db)
	store := openBehind(t, proxy, db)
	search := func(ctx context.Context, limit int) error {
		_, _, err := store.Posts(ctx, models.PostFilter{Limit: limit, Words: models.ParseWords("hello")})
		return err
	}
	if err := search(t.Context(), 1); err != nil || proxy.ClosedCursors() != 1 {
		t.Errorf("a complete page: %v, and %d cursors were closed, want 1", err, proxy.ClosedCursors())
	}
	proxy.HoldReplies("getMore", time.Second)
	ctx, hangUp := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, hangUp)
	if err := search(ctx, 400); !errors.Is(err, context.Canceled) || proxy.ClosedCursors() != 2 {
		t.Errorf("the client hung up: %v, and %d cursors were closed, want 2", err, proxy.ClosedCursors())
	}
}

// TestReadPreference: reads of posts go where MONGO_URI says; logins and logouts, which must not be stale, do not.
func TestReadPreference(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	store := openBehind(t, proxy, db, "&readPreference=secondaryPreferred")
	mode := func(command string) string {
		value, _ := proxy.Received(command).Lookup("$readPreference", "mode").StringValueOK()
		return value
	}
	if _, err := store.UserByID(t.Context(), models.NewID()); !errors.Is(err, models.ErrUserNotFound) {
		t.Fatal(err)
	}
	if got := mode("find"); got == "secondaryPreferred" {
		t.Errorf("a user is read with %s", got)
	}
	_, _, err := store.LiveSession(t.Context(), models.NewID(), time.Now())
	if !errors.Is(err, models.ErrSessionNotFound) {
		t.Fatal(err)
	}
	if got := mode("aggregate"); got == "secondaryPreferred" {
		t.Errorf("a session is read with %s", got)
	}
	for _, words := range []models.Words{nil, models.ParseWords("hello")} {
		if _, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 1, Words: words}); err != nil {
			t.Fatal(err)
		}
		if got := mode("find"); got != "secondaryPreferred" {
			t.Errorf("posts with the words %v are read with %q, want secondaryPreferred", words, got)
		}
	}
	if _, err := store.CommentByID(t.Context(), models.NewID()); !errors.Is(err, models.ErrCommentNotFound) {
		t.Fatal(err)
	}
	if got := mode("aggregate"); got != "secondaryPreferred" {
		t.Errorf("a comment is read with %q, want secondaryPreferred", got)
	}
}

// TestRoundTrips: a change with a precondition is three commands: to find the session with its user, to find the record
// with its author, and to store the change.
func TestRoundTrips(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	store := openBehind(t, proxy, db)
	ctx, now := t.Context(), models.StoredTime(time.Now())
	u := &models.User{ID: models.NewID(), Username: "alice", CreatedAt: now}
	if err := store.CreateUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	p := newPost(u.ID)
	if _, err := store.CreatePost(ctx, p, nil); err != nil {
		t.Fatal(err)
	}
	comment := newComment(p)
	if _, err := store.CreateComment(ctx, comment, nil); err != nil {
		t.Fatal(err)
	}
	session := &models.Session{ID: models.NewID(), UserID: u.ID, ExpiresAt: now.Add(time.Hour)}
	token := &models.AccessToken{ID: models.NewID(), UserID: u.ID, Hash: []byte("hash")}
	if err := errors.Join(store.CreateSession(ctx, session), store.CreateAccessToken(ctx, token)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		call func() error
		want []string
	}{
		{"find session", func() error {
			_, _, err := store.LiveSession(ctx, session.ID, now)
			return err
		}, []string{"aggregate"}},
		{"find access token", func() error {
			_, _, err := store.AccessTokenByHash(ctx, token.Hash)
			return err
		}, []string{"aggregate"}},
		{"find post", func() error {
			got, err := store.PostByID(ctx, p.ID)
			if err == nil && (got.Author == nil || got.Author.Username != "alice") {
				t.Errorf("the author is %v", got.Author)
			}
			return err
		}, []string{"aggregate"}},
		{"update post", func() error {
			_, err := store.UpdatePost(ctx, p.ID, sets(func(p *models.Post) { p.Title = "New" }))
			return err
		}, []string{"aggregate", "update"}},
		{"update post to what it is", func() error {
			_, err := store.UpdatePost(ctx, p.ID, always)
			return err
		}, []string{"aggregate"}},
		{"find comment", func() error {
			_, err := store.CommentByID(ctx, comment.ID)
			return err
		}, []string{"aggregate"}},
		{"update comment", func() error {
			_, err := store.UpdateComment(ctx, comment.ID, sets(func(c *models.Comment) { c.Content = "New" }))
			return err
		}, []string{"aggregate", "update"}},
		{"list posts", func() error {
			_, _, err := store.Posts(ctx, models.PostFilter{Limit: 10})
			return err
		}, []string{"find", "find"}},
	} {
		proxy.Commands()
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := proxy.Commands(); !slices.Equal(got, c.want) {
			t.Errorf("%s: the commands are %v, want %v", c.name, got, c.want)
		}
	}
}

// TestHalfDoneIsDone: what matters was written, and the database fails before the rest, which has no effect.
func TestHalfDoneIsDone(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	store := openBehind(t, proxy, db)
	u := &models.User{ID: models.NewID(), Username: "alice", CreatedAt: time.Now()}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	session := &models.Session{ID: models.NewID(), UserID: u.ID, ExpiresAt: time.Now().Add(time.Hour)}
	proxy.HoldReplies("find", time.Minute) // the search for sessions that are too many
	if err := store.CreateSession(t.Context(), session); err != nil {
		t.Errorf("create session: %v", err)
	}
	proxy.HoldReplies("delete", 200*time.Millisecond)
	var cutting sync.WaitGroup
	cutting.Go(func() { // once the user is gone and the sessions are about to be
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if from, _ := proxy.Received("delete").Lookup("delete").StringValueOK(); from == "sessions" {
				break
			}
		}
		proxy.Cut()
	})
	if err := store.DeleteUser(t.Context(), u.ID); err != nil {
		t.Errorf("delete user: %v", err)
	}
	cutting.Wait()
	proxy.HoldReplies("", 0)
	proxy.Listen()
	deadline := time.Now().Add(10 * time.Second)
	for store.Ping(t.Context()) != nil && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := store.UserByID(t.Context(), u.ID); !errors.Is(err, models.ErrUserNotFound) {
		t.Errorf("the user: got %v, want ErrUserNotFound", err)
	}
	_, _, err := store.LiveSession(t.Context(), session.ID, time.Now())
	if !errors.Is(err, models.ErrSessionNotFound) {
		t.Errorf("the session: got %v, want ErrSessionNotFound", err)
	}
}
