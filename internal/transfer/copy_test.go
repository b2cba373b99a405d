package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/seed"
	"gin-blog/internal/testkit"
	"gin-blog/internal/transfer"
	"gin-blog/models"
)

// store is a store that can be copied.
type store interface {
	models.Store
	models.Bulk
}

// eachPair runs a test on two empty stores of every kind.
func eachPair(t *testing.T, test func(t *testing.T, source, target store)) {
	t.Helper()
	kinds := map[string]func(testing.TB) models.Store{"SQLite": testkit.SQLite, "MongoDB": testkit.MongoDB}
	for from, openSource := range kinds {
		for to, openTarget := range kinds {
			t.Run("from "+from+" to "+to, func(t *testing.T) {
				test(t, openSource(t).(store), openTarget(t).(store))
			})
		}
	}
}

const address = "sqlite:/source.db"

// steps is a Progress that notes what was done, and calls then at the beginning of each step.
type steps struct {
	names []string
	done  map[string]int
	then  func(step string)
	added func(step string, done int)
}

func (s *steps) progress(step string, _ int) func(int) {
	s.names = append(s.names, step)
	if s.done == nil {
		s.done = map[string]int{}
	}
	if s.then != nil {
		s.then(step)
	}
	return func(n int) {
		s.done[step] += n
		if s.added != nil {
			s.added(step, s.done[step])
		}
	}
}

// populate stores users, sessions and posts, some with keys, and returns a user with a live session.
func populate(t *testing.T, s store, users, posts int) (*models.User, *models.Session) {
	t.Helper()
	plan := seed.Plan{Users: users, Posts: posts, Random: 1, PasswordHash: "$2a$04$hash"}
	if err := seed.Fill(t.Context(), s, plan, func(int) {}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Users(t.Context(), models.UserFilter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	user, now := &list[0], models.StoredTime(time.Now())
	session := &models.Session{
		ID: models.NewID(), UserID: user.ID, RefreshID: "current", PreviousRefreshID: "previous", RotatedAt: now,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour), UserAgent: "curl", IP: "::1",
	}
	if err := s.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreatePost(t.Context(), newPost(user, "with a key"), key()); err != nil {
		t.Fatal(err)
	}
	newest, _, err := s.Posts(t.Context(), models.PostFilter{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range []*models.Idempotency{key(), nil, nil} {
		if _, err := s.CreateComment(t.Context(), newComment(user, &newest[i%2]), key); err != nil {
			t.Fatal(err)
		}
	}
	for _, publishAt := range []time.Time{{}, now.Add(time.Hour)} {
		draft := models.Draft{
			ID: models.NewID(), Text: models.Text{Title: "Draft", Content: "Hello"}, AuthorID: user.ID,
			PublishAt: publishAt, CreatedAt: now, UpdatedAt: now,
		}
		if err := s.CreateDraft(t.Context(), &draft); err != nil {
			t.Fatal(err)
		}
	}
	token := models.AccessToken{
		ID: models.NewID(), UserID: user.ID, Name: "CI", Scopes: []string{"posts"}, Hash: []byte("hash"), CreatedAt: now,
	}
	entry := models.LogEntry{ID: models.NewID(), Actor: "alice", Action: "suspend", Target: "bob", CreatedAt: now}
	if err := errors.Join(s.CreateAccessToken(t.Context(), &token), s.AddToLog(t.Context(), &entry)); err != nil {
		t.Fatal(err)
	}
	return user, session
}

func key() *models.Idempotency {
	return &models.Idempotency{Key: "key", Fingerprint: []byte{0, 255, 7}, Since: time.Now().Add(-time.Hour)}
}

func newPost(author *models.User, title string) *models.Post {
	now := models.StoredTime(time.Now())
	return &models.Post{
		ID:       models.NewID(),
		Text:     models.Text{Title: title, Content: "Hello\r\n\x00🦫", Tags: []string{"go", "gin"}},
		AuthorID: author.ID, CreatedAt: now, UpdatedAt: now,
	}
}

func newComment(author *models.User, post *models.Post) *models.Comment {
	now := models.StoredTime(time.Now())
	return &models.Comment{
		ID: models.NewID(), PostID: post.ID, Content: "Hi", AuthorID: author.ID, CreatedAt: now, UpdatedAt: now,
	}
}

// records returns everything in a store, as Go would print it.
func records(t *testing.T, s models.Bulk) (all []string) {
	t.Helper()
	return slices.Concat(
		readTable(t, s.UserTable()),
		readTable(t, s.SessionTable(time.Now())),
		readTable(t, s.PostTable()),
		readTable(t, s.CommentTable()),
		readTable(t, s.DraftTable()),
		readTable(t, s.AccessTokenTable()),
		readTable(t, s.LogTable()),
	)
}

func readTable[T models.Record](t *testing.T, table models.Table[T]) (all []string) {
	t.Helper()
	for after, more := (models.ID{}), true; more; more = !after.IsZero() {
		rows, next, err := table.Read(t.Context(), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			all = append(all, fmt.Sprintf("%T %+v", row, row))
		}
		after = next
	}
	return all
}

func TestCopy(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target store) {
		user, session := populate(t, source, 5, 110)
		orphan := newPost(&models.User{ID: models.NewID()}, "of nobody")
		if _, err := source.CreatePost(t.Context(), orphan, nil); err != nil {
			t.Fatal(err)
		}
		before := records(t, source)
		counts, leftOut, err := transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if err != nil || len(leftOut) != 0 {
			t.Fatalf("copy: %v, left out %v", err, leftOut)
		}
		total := 0
		for _, c := range counts {
			total += c.Records
			if len(c.Checksum) != 64 {
				t.Errorf("checksum of %s: %q", c.Name, c.Checksum)
			}
		}
		if total != len(before) || len(counts) != 7 {
			t.Errorf("counted %v, want %d records of 7 types", counts, len(before))
		}
		if got := records(t, target); !slices.Equal(got, before) {
			t.Errorf("the copy has %d records, want %d, all the same", len(got), len(before))
		}
		if !slices.Equal(records(t, source), before) {
			t.Error("the source has changed")
		}
		isServed(t, target, user, session)

		_, _, err = transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if err == nil || !strings.Contains(err.Error(), "not empty: it has users") {
			t.Errorf("copy again: got %v, want a refusal", err)
		}
	})
}

// isServed wants the copy to answer as the source would.
func isServed(t *testing.T, target store, user *models.User, session *models.Session) {
	t.Helper()
	gotSession, gotUser, err := target.LiveSession(t.Context(), session.ID, time.Now())
	if err != nil || !reflect.DeepEqual(gotSession, session) || !reflect.DeepEqual(gotUser, user) {
		t.Errorf("the session: got %+v of %+v, %v", gotSession, gotUser, err)
	}
	comments, _, err := target.Comments(t.Context(), models.CommentFilter{Limit: 5})
	if err != nil || len(comments) < 3 || comments[0].Author.Username != user.Username {
		t.Errorf("comments: got %+v, %v", comments, err)
	}
	existing, err := target.CreatePost(t.Context(), newPost(user, "again"), key())
	if err != nil || existing == nil || existing.Title != "with a key" {
		t.Errorf("create with the same key: got %+v, %v, want the post of the source", existing, err)
	}
	filter := models.PostFilter{Limit: 5, Words: models.ParseWords("WITH key hello"), Tag: "gin"}
	found, _, err := target.Posts(t.Context(), filter)
	if err != nil || len(found) != 1 || found[0].Author == nil || found[0].Author.Username != user.Username {
		t.Errorf("search: got %+v, %v", found, err)
	}
}

// TestBrokenCopy breaks a copy off at several moments. Nothing is copied to the target any more, and it says so.
func TestBrokenCopy(t *testing.T) {
	source := testkit.SQLite(t).(store)
	populate(t, source, 5, 250)
	for _, stop := range []struct {
		step string
		done int
	}{{"copying", 0}, {"copying", 210}, {"comparing", 0}, {"comparing", 260}} {
		target := testkit.SQLite(t).(store)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := steps{added: func(step string, done int) {
			if step == stop.step && done >= stop.done {
				cancel()
			}
		}}
		s.then = func(step string) { s.added(step, 0) }
		_, _, err := transfer.Copy(ctx, source, target, address, s.progress)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, transfer.ErrIncomplete) {
			t.Fatalf("%v: got %v, want canceled", stop, err)
		}
		left := records(t, target)
		_, _, err = transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if !errors.Is(err, transfer.ErrIncomplete) || !strings.Contains(err.Error(), "incomplete copy of "+address) {
			t.Errorf("%v, and again: got %v, want a refusal", stop, err)
		}
		if !slices.Equal(records(t, target), left) {
			t.Errorf("%v: the target has changed", stop)
		}
	}
}

// TestCopyNoticesChanges: a change of the source while the copy runs makes it fail.
func TestCopyNoticesChanges(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target store) {
		user, _ := populate(t, source, 5, 20)
		s := &steps{then: func(step string) {
			if step == "comparing" {
				rename := func(u *models.User) error {
					u.Name = "Another name"
					return nil
				}
				if _, err := source.UpdateUser(t.Context(), user.ID, rename); err != nil {
					t.Fatal(err)
				}
			}
		}}
		_, _, err := transfer.Copy(t.Context(), source, target, address, s.progress)
		if !errors.Is(err, transfer.ErrDiffer) || !errors.Is(err, transfer.ErrIncomplete) ||
			!strings.Contains(err.Error(), "users, 5 records") {
			t.Errorf("got %v, want that the users differ", err)
		}
		if unfinished, err := target.CopySource(t.Context()); unfinished != address || err != nil {
			t.Errorf("the target is an unfinished copy of %q, %v", unfinished, err)
		}
	})
}

func TestCopyRefusals(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target store) {
		_, _, err := transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if err == nil || !strings.Contains(err.Error(), "nothing to copy in "+address) {
			t.Errorf("an empty source: got %v, want a refusal", err)
		}
		user, _ := populate(t, source, 1, 1)
		if _, err := target.CreatePost(t.Context(), newPost(user, "own"), nil); err != nil {
			t.Fatal(err)
		}
		_, _, err = transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if err == nil || !strings.Contains(err.Error(), "not empty: it has posts") {
			t.Errorf("a target with a post: got %v, want a refusal", err)
		}
		if unfinished, err := target.CopySource(t.Context()); unfinished != "" || err != nil {
			t.Errorf("the target is an unfinished copy of %q, %v", unfinished, err)
		}
		if got := readTable(t, target.UserTable()); len(got) != 0 {
			t.Errorf("the target got %v", got)
		}
	})
}

// TestCopyOfATutorialsDatabase copies what the Express app stored, and what others might have.
func TestCopyOfATutorialsDatabase(t *testing.T) {
	testkit.Each(t, func(t *testing.T, to models.Store) {
		db := testkit.Database(t)
		source, target := testkit.OpenMongoDB(t, db, nil).(store), to.(store)
		alice := models.NewID()
		insert := func(collection string, documents ...any) {
			t.Helper()
			if _, err := db.Collection(collection).InsertMany(t.Context(), documents); err != nil {
				t.Fatal(err)
			}
		}
		insert("users", bson.D{{Key: "_id", Value: alice}, {Key: "username", Value: "alice"},
			{Key: "password", Value: "$2b$10$abc"}, {Key: "__v", Value: 0}})
		insert("posts",
			bson.M{"title": "One", "content": "by alice", "author": alice, "createdAt": time.Now(), "__v": 0},
			bson.M{"title": "Two", "content": "in the same second", "author": alice, "__v": 0},
			bson.M{"title": 3, "content": true, "author": "nobody"},
			bson.M{"_id": "a-slug", "title": "Left out", "content": "its id is none"})
		counts, leftOut, err := transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if err != nil || !slices.Equal(leftOut, []string{"posts"}) || counts[2].Records != 3 {
			t.Fatalf("got %v, left out %v, %v", counts, leftOut, err)
		}
		if !slices.Equal(records(t, target), records(t, source)) {
			t.Errorf("got %q, want %q", records(t, target), records(t, source))
		}
		posts, _, err := target.Posts(t.Context(), models.PostFilter{Limit: 5})
		if err != nil || len(posts) != 3 || posts[0].Title != "3" || posts[0].Author != nil ||
			posts[2].Author == nil || posts[2].UpdatedAt != posts[2].CreatedAt {
			t.Errorf("got %+v, %v", posts, err)
		}
		u, err := target.UserByUsername(t.Context(), "ALICE")
		if err != nil || u.ID != alice || u.PasswordHash != "$2b$10$abc" {
			t.Errorf("got %+v, %v", u, err)
		}
	})
}

// TestCopyThatSQLiteCannotHold names the record that is in the way.
func TestCopyThatSQLiteCannotHold(t *testing.T) {
	second := models.MaxID()
	for want, documents := range map[string]map[string][]any{
		"record " + second.Hex() + ": It exists already": {"users": {
			bson.D{{Key: "_id", Value: models.NewID()}, {Key: "username", Value: "bob"}, {Key: "password", Value: "x"}},
			bson.D{{Key: "_id", Value: second}, {Key: "username", Value: "Bob"}, {Key: "password", Value: "x"}},
		}},
		`SQLite cannot keep the tag "Web Dev"`: {"posts": {bson.M{"title": "A", "content": "b", "tags": bson.A{"Web Dev"}}}},
		`SQLite cannot keep the tag "a\"b"`:    {"posts": {bson.M{"title": "A", "content": "b", "tags": bson.A{`a"b`}}}},
		`SQLite cannot keep the tag ""`:        {"posts": {bson.M{"title": "A", "content": "b", "tags": bson.A{""}}}},
	} {
		db := testkit.Database(t)
		for collection, all := range documents {
			if _, err := db.Collection(collection).InsertMany(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
		source, target := testkit.OpenMongoDB(t, db, nil).(store), testkit.SQLite(t).(store)
		_, _, err := transfer.Copy(t.Context(), source, target, address, new(steps).progress)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestCopyCoversEveryTable fails if a store gets a table or a collection that a copy leaves out.
func TestCopyCoversEveryTable(t *testing.T) {
	derived := []string{"post_tags", "posts_search", "moved_posts"}     // made from posts
	own := []string{"copy_source", "copySource"}                        // of the copy itself
	sweeps := []string{"deleted_posts", "deletedPosts", "purged_users"} // what they hide is not copied
	short := []string{"invitations", "accessTokens", "adminLog"}        // the first is not, the others are
	path := filepath.Join(t.TempDir(), "test.db")
	s := testkit.OpenSQLite(t, path, nil)
	covered := slices.Concat(transfer.CopiedTables(s), derived, own, sweeps, short)
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	found := 0
	err = sqlitex.ExecuteTransient(conn, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow'`,
		&sqlitex.ExecOptions{ResultFunc: func(row *zombiezen.Stmt) error {
			name := row.ColumnText(0)
			found++
			if !slices.Contains(covered, name) && !strings.HasPrefix(name, "sqlite_") {
				t.Errorf("no copy covers the table %s", name)
			}
			return nil
		}})
	if err != nil || found < len(covered)-5 {
		t.Errorf("found %d tables, %v", found, err)
	}

	db := testkit.Database(t)
	testkit.OpenMongoDB(t, db, nil)
	collections, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil || len(collections) < 3 {
		t.Fatalf("collections: %v, %v", collections, err)
	}
	for _, name := range collections {
		if !slices.Contains(covered, name) {
			t.Errorf("no copy covers the collection %s", name)
		}
	}
}
