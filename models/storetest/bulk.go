package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/models"
)

// bulkCases are the cases of models.Bulk, for stores that implement it.
var bulkCases = []testCase{
	{"every field comes back", everyFieldComesBack},
	{"every field of every record comes back", everyFieldOfRecordsComesBack},
	{"records are read in the order of ids", recordsAreReadInOrder},
	{"long records come in small batches", longRecordsComeInSmallBatches},
	{"records are inserted once", recordsAreInsertedOnce},
	{"posts of one second keep their ids and their order", postsOfOneSecond},
	{"sessions that ended are not read", endedSessionsAreNotRead},
	{"a store is an unfinished copy until it is whole", copySourceIsKept},
}

// asBulk returns the store's tables. Without them it skips the test.
func asBulk(t *testing.T, store models.Store) models.Bulk {
	t.Helper()
	bulk, ok := store.(models.Bulk)
	if !ok {
		t.Skip("the store is no models.Bulk")
	}
	return bulk
}

// everyFieldComesBack stores by the methods that a server uses.
func everyFieldComesBack(t *testing.T, store models.Store) {
	user, session, post := Filled[models.User](t), Filled[models.Session](t), Filled[models.Post](t)
	draft, comment := Filled[models.Draft](t), Filled[models.Comment](t)
	draft.AuthorID, draft.Foreign = user.ID, false
	session.UserID, session.PasswordVersion = user.ID, user.PasswordVersion
	post.AuthorID, post.Author = user.ID, user.AsAuthor()

	if err := store.CreateUser(t.Context(), &user); err != nil {
		t.Fatal(err)
	}
	if err := store.CreateSession(t.Context(), &session); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreatePost(t.Context(), &post, nil); err != nil {
		t.Fatal(err)
	}
	comment.PostID, comment.PostAuthorID, comment.PostTitle = post.ID, user.ID, post.Title
	comment.AuthorID, comment.Author = user.ID, post.Author
	if _, err := store.CreateComment(t.Context(), &comment, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.CreateDraft(t.Context(), &draft); err != nil {
		t.Fatal(err)
	}
	gotUser, err := store.UserByID(t.Context(), user.ID)
	if err != nil || !reflect.DeepEqual(*gotUser, user) {
		t.Errorf("got %+v, %v, want %+v", gotUser, err, user)
	}
	gotSession, _, err := store.LiveSession(t.Context(), session.ID, now())
	if err != nil || !reflect.DeepEqual(*gotSession, session) {
		t.Errorf("got %+v, %v, want %+v", gotSession, err, session)
	}
	gotDraft, err := store.DraftByID(t.Context(), draft.ID)
	if err != nil || !reflect.DeepEqual(*gotDraft, draft) {
		t.Errorf("got %+v, %v, want %+v", gotDraft, err, draft)
	}
	gotComment, err := store.CommentByID(t.Context(), comment.ID)
	if err != nil || !reflect.DeepEqual(*gotComment, comment) {
		t.Errorf("got %+v, %v, want %+v", gotComment, err, comment)
	}
	gotPost, err := store.PostByID(t.Context(), post.ID)
	if err != nil || !reflect.DeepEqual(*gotPost, post) {
		t.Errorf("got %+v, %v, want %+v", gotPost, err, post)
	}
}

// everyFieldOfRecordsComesBack stores by the tables that a copy uses.
func everyFieldOfRecordsComesBack(t *testing.T, store models.Store) {
	bulk := asBulk(t, store)
	user := Filled[models.User](t)
	comesBack(t, bulk.UserTable(), user)
	session := Filled[models.Session](t)
	session.UserID, session.PasswordVersion = user.ID, user.PasswordVersion
	comesBack(t, bulk.SessionTable(now()), session)
	post := Filled[models.KeptPost](t)
	comesBack(t, bulk.PostTable(), post)
	comment := Filled[models.KeptComment](t)
	comment.PostID, comment.PostAuthorID, comment.PostTitle = post.ID, models.ID{}, ""
	comesBack(t, bulk.CommentTable(), comment)
	draft := Filled[models.Draft](t)
	draft.AuthorID, draft.Foreign = user.ID, false
	comesBack(t, bulk.DraftTable(), draft)
}

// comesBack inserts a record into an empty table and reads it.
func comesBack[T models.Record](t *testing.T, table models.Table[T], record T) {
	t.Helper()
	if last, foreign, err := table.Last(t.Context()); err != nil || !last.IsZero() || foreign {
		t.Errorf("the last of no %s: %s, %v, %v", table.Name(), last.Hex(), foreign, err)
	}
	if got, next, err := table.Read(t.Context(), models.ID{}, 10); err != nil || len(got) != 0 || !next.IsZero() {
		t.Errorf("read no %s: got %+v, %s, %v", table.Name(), got, next.Hex(), err)
	}
	if err := table.Insert(t.Context(), []T{record}); err != nil {
		t.Fatalf("insert into %s: %v", table.Name(), err)
	}
	got, next, err := table.Read(t.Context(), models.ID{}, 10)
	if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], record) || !next.IsZero() {
		t.Errorf("read %s: got %+v, %s, %v, want %+v", table.Name(), got, next.Hex(), err, record)
	}
	if last, foreign, err := table.Last(t.Context()); err != nil || last != record.RecordID() || foreign {
		t.Errorf("the last of %s: %s, %v, %v", table.Name(), last.Hex(), foreign, err)
	}
	if n, err := table.Count(t.Context()); err != nil || n != 1 {
		t.Errorf("count %s: %d, %v", table.Name(), n, err)
	}
}

// readAll reads a table in batches of a size, and returns the records and the number of batches.
func readAll[T models.Record](t *testing.T, table models.Table[T], size int) (records []T, batches int) {
	t.Helper()
	var after models.ID
	for {
		batch, next, err := table.Read(t.Context(), after, size)
		if err != nil || len(batch) > size {
			t.Fatalf("read %s after %s: %d records, %v", table.Name(), after.Hex(), len(batch), err)
		}
		records, batches = append(records, batch...), batches+1
		if next.IsZero() {
			return records, batches
		}
		after = next
	}
}

func recordsAreReadInOrder(t *testing.T, store models.Store) {
	table := asBulk(t, store).PostTable()
	posts := make([]models.KeptPost, 20)
	for i := range posts {
		posts[i] = Filled[models.KeptPost](t)
	}
	shuffled := slices.Clone(posts)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if err := table.Insert(t.Context(), shuffled); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 7, 19, 20, 21, 100} {
		if got, _ := readAll(t, table, size); !reflect.DeepEqual(got, posts) {
			t.Errorf("in batches of %d: got %d posts, want all %d in order", size, len(got), len(posts))
		}
	}
	if list := walk(t, store, 7, func() {}); len(list) != len(posts) || list[0] != posts[19].ID {
		t.Errorf("the list has %d posts", len(list))
	}
}

func longRecordsComeInSmallBatches(t *testing.T, store models.Store) {
	table := asBulk(t, store).PostTable()
	posts := make([]models.KeptPost, 5)
	for i := range posts {
		posts[i] = Filled[models.KeptPost](t)
		posts[i].Content = strings.Repeat("x", models.MaxPageBytes/3)
	}
	if err := table.Insert(t.Context(), posts); err != nil {
		t.Fatal(err)
	}
	if got, batches := readAll(t, table, 100); len(got) != len(posts) || batches != 3 {
		t.Errorf("got %d posts in %d batches, want %d in 3", len(got), batches, len(posts))
	}
}

func recordsAreInsertedOnce(t *testing.T, store models.Store) {
	bulk := asBulk(t, store)
	post, user := Filled[models.KeptPost](t), Filled[models.User](t)
	if err := errors.Join(
		bulk.PostTable().Insert(t.Context(), []models.KeptPost{post}),
		bulk.UserTable().Insert(t.Context(), []models.User{user}),
	); err != nil {
		t.Fatal(err)
	}
	sameKey := Filled[models.KeptPost](t)
	sameKey.AuthorID, sameKey.IdempotencyKey = post.AuthorID, post.IdempotencyKey
	for _, p := range []models.KeptPost{post, sameKey} {
		if err := bulk.PostTable().Insert(t.Context(), []models.KeptPost{p}); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("insert %+v: got %v, want ErrDuplicate", p, err)
		}
	}
	sameName, sameEmail := Filled[models.User](t), Filled[models.User](t)
	sameName.Username, sameEmail.Email = strings.ToUpper(user.Username), user.Email
	for _, u := range []models.User{user, sameName, sameEmail} {
		if err := bulk.UserTable().Insert(t.Context(), []models.User{u}); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("insert %+v: got %v, want ErrDuplicate", u, err)
		}
	}
}

func endedSessionsAreNotRead(t *testing.T, store models.Store) {
	bulk := asBulk(t, store)
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	kept, ended := createSession(t, store, alice, "kept"), createSession(t, store, alice, "ended")
	if err := store.ChangePassword(t.Context(), alice.ID, 0, "$2a$10$new", kept.ID); err != nil {
		t.Fatal(err)
	}
	kept.PasswordVersion = 1
	bobs := createSession(t, store, bob, "bob's")
	expired := newSession(bob, "expired")
	expired.ExpiresAt = now().Add(time.Minute)
	if err := store.CreateSession(t.Context(), expired); err != nil {
		t.Fatal(err)
	}
	want := []models.Session{*kept, *bobs}
	got, _ := readAll(t, bulk.SessionTable(expired.ExpiresAt), 1)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// What is read is stored again elsewhere, without the user's memory of the session that was kept.
	err := errors.Join(store.DeleteSession(t.Context(), kept.ID), store.DeleteSession(t.Context(), ended.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := bulk.SessionTable(now()).Insert(t.Context(), []models.Session{*kept}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.LiveSession(t.Context(), kept.ID, now()); err != nil {
		t.Errorf("the session that was kept: %v", err)
	}
	stray := newSession(&models.User{ID: models.NewID()}, "stray")
	if err := bulk.SessionTable(now()).Insert(t.Context(), []models.Session{*stray}); err != nil {
		t.Errorf("a session without a user: %v", err)
	}
	strayDraft := newDraft(&models.User{ID: models.NewID()}, "stray")
	if err := bulk.DraftTable().Insert(t.Context(), []models.Draft{*strayDraft}); err != nil {
		t.Errorf("a draft without a user: %v", err)
	}
	if got, _ := readAll(t, bulk.SessionTable(expired.ExpiresAt), 10); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, _ := readAll(t, bulk.DraftTable(), 10); len(got) != 0 {
		t.Errorf("got the draft of no user: %+v", got)
	}
}

func copySourceIsKept(t *testing.T, store models.Store) {
	bulk := asBulk(t, store)
	for _, want := range []string{"", "sqlite:/a b", "mongodb://x/y", "", ""} {
		if want != "" {
			if err := bulk.SetCopySource(t.Context(), "another"); err != nil {
				t.Fatal(err)
			}
		}
		if err := bulk.SetCopySource(t.Context(), want); err != nil {
			t.Fatalf("set %q: %v", want, err)
		}
		if got, err := bulk.CopySource(t.Context()); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if err := models.CheckWhole("mongodb://x/y"); err == nil || !strings.Contains(fmt.Sprint(err), "mongodb://x/y") {
		t.Errorf("an unfinished copy: %v", err)
	}
}
