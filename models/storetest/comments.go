package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/models"
)

// commentCases are the cases of models.CommentStore.
var commentCases = []testCase{
	{"comments come back as they were stored", commentsComeBack},
	{"comments are on pages, oldest first", commentsAreOnPages},
	{"all comments are on pages, newest first", allCommentsAreOnPages},
	{"comments have the titles of their posts", commentsHaveTitles},
	{"a key creates one comment", keysCreateOneComment},
	{"comments are gone with their post", commentsAreGoneWithTheirPost},
	{"comments that cross the deletion of their post are gone", commentsCrossDeletions},
	{"a sweep leaves the comments of other posts", sweepLeavesOthers},
}

// makeComment makes a comment that is not stored yet.
func makeComment(post *models.Post, author *models.User, content string) *models.Comment {
	return &models.Comment{
		ID: models.NewID(), PostID: post.ID, PostAuthorID: post.AuthorID, PostTitle: post.Title, Content: content,
		AuthorID: author.ID, CreatedAt: now(), UpdatedAt: now(),
	}
}

// newComment stores a comment.
func newComment(
	t *testing.T, store models.Store, post *models.Post, author *models.User, content string,
) *models.Comment {
	t.Helper()
	c := makeComment(post, author, content)
	if _, err := store.CreateComment(t.Context(), c, nil); err != nil {
		t.Fatalf("create comment %s: %v", content, err)
	}
	return c
}

// insertComments stores many comments.
func insertComments(t *testing.T, store models.Store, comments []models.Comment) {
	t.Helper()
	kept := make([]models.KeptComment, len(comments))
	for i := range comments {
		kept[i].Comment = comments[i]
	}
	if err := asBulk(t, store).CommentTable().Insert(t.Context(), kept); err != nil {
		t.Fatalf("insert comments: %v", err)
	}
}

// storedPost stores a post.
func storedPost(t *testing.T, store models.Store, author *models.User, title string) *models.Post {
	t.Helper()
	p := newPost(author, title)
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatalf("create post %s: %v", title, err)
	}
	return p
}

// contents are the contents of comments.
func contents(comments []models.Comment) []string {
	texts := make([]string, len(comments))
	for i := range comments {
		texts[i] = comments[i].Content
	}
	return texts
}

// thread reads all comments on a post in pages of so many, and returns their contents.
func thread(t *testing.T, store models.Store, post models.ID, limit int) (all []string) {
	t.Helper()
	f := models.ThreadFilter{PostID: post, Limit: limit}
	for {
		page, more, err := store.Thread(t.Context(), f)
		if err != nil || len(page) > limit {
			t.Fatalf("thread: %d comments, %v, want at most %d", len(page), err, limit)
		}
		all = append(all, contents(page)...)
		if !more {
			return all
		}
		f.After = page[len(page)-1].ID
	}
}

func commentsComeBack(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	p := storedPost(t, store, alice, "My Post")
	for _, text := range []string{
		"Nice", "a\x00b", "'; DROP TABLE comments; --", "{\"$gt\":\"\"}", "日本語 🦫", " spaces \r\n",
		strings.Repeat("é", 5000),
	} {
		want := newComment(t, store, p, bob, text)
		want.Author = &models.Author{ID: bob.ID, Username: "bob"}
		got, err := store.CommentByID(t.Context(), want.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%.20q: got %+v, %v, want %+v", text, got, err, want)
		}
		page, _, err := store.Thread(t.Context(), models.ThreadFilter{PostID: p.ID, Limit: 100})
		if err != nil || !reflect.DeepEqual(&page[len(page)-1], want) {
			t.Errorf("%.20q in the thread: got %+v, %v", text, page, err)
		}
		page, _, err = store.Comments(t.Context(), models.CommentFilter{Limit: 1})
		if err != nil || !reflect.DeepEqual(&page[0], want) {
			t.Errorf("%.20q among all: got %+v, %v", text, page, err)
		}
	}
	first, _, err := store.Thread(t.Context(), models.ThreadFilter{PostID: p.ID, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.DeleteUser(t.Context(), bob.ID); err != nil {
		t.Fatal(err)
	}
	got, err := store.CommentByID(t.Context(), first[0].ID)
	if err != nil || got.Author != nil || got.AuthorID != bob.ID || got.Content != "Nice" {
		t.Errorf("without its author: got %+v, %v", got, err)
	}
	if first, _, err = store.Thread(t.Context(), models.ThreadFilter{PostID: p.ID, Limit: 1}); err != nil ||
		first[0].Author != nil {
		t.Errorf("without its author, in the thread: got %+v, %v", first, err)
	}
	if _, err := store.CommentByID(t.Context(), models.NewID()); !errors.Is(err, models.ErrCommentNotFound) {
		t.Errorf("an unknown id: got %v, want ErrCommentNotFound", err)
	}
	nowhere := makeComment(newPost(alice, "not stored"), alice, "lost")
	if _, err := store.CreateComment(t.Context(), nowhere, nil); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("on an unknown post: got %v, want ErrPostNotFound", err)
	}
	f := models.ThreadFilter{PostID: nowhere.PostID, Limit: 1}
	if _, _, err := store.Thread(t.Context(), f); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("thread of an unknown post: got %v, want ErrPostNotFound", err)
	}
}

// commentsHaveTitles: each comment has the present title of its own post, however it is read.
func commentsHaveTitles(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	first, second := storedPost(t, store, alice, "First"), storedPost(t, store, alice, "Second")
	comment := newComment(t, store, first, alice, "1")
	newComment(t, store, second, alice, "2")
	newComment(t, store, first, alice, "3")
	if _, err := store.UpdatePost(t.Context(), first.ID, setTitle("Changed")); err != nil {
		t.Fatal(err)
	}
	of := func(comments []models.Comment) (titles []string) {
		for i := range comments {
			titles = append(titles, comments[i].PostTitle)
		}
		return titles
	}
	all, _, err := store.Comments(t.Context(), models.CommentFilter{Limit: 10})
	if got := of(all); err != nil || !slices.Equal(got, []string{"Changed", "Second", "Changed"}) {
		t.Errorf("all comments: got %q, %v", got, err)
	}
	page, _, err := store.Thread(t.Context(), models.ThreadFilter{PostID: first.ID, Limit: 10})
	if got := of(page); err != nil || !slices.Equal(got, []string{"Changed", "Changed"}) {
		t.Errorf("the thread: got %q, %v", got, err)
	}
	if got, err := store.CommentByID(t.Context(), comment.ID); err != nil || got.PostTitle != "Changed" {
		t.Errorf("one comment: got %+v, %v", got, err)
	}
}

func commentsAreOnPages(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	first, second := storedPost(t, store, alice, "first"), storedPost(t, store, alice, "second")
	var want []string
	var many []models.Comment
	for i := range 30 {
		text := fmt.Sprintf("Comment %d", i)
		want = append(want, text)
		many = append(many, *makeComment(first, alice, text), *makeComment(second, alice, "other"))
	}
	insertComments(t, store, many)
	for _, limit := range []int{1, 7, 29, 30, 31, 100} {
		if got := thread(t, store, first.ID, limit); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: got %v", limit, got)
		}
	}
	var backwards []string
	f := models.ThreadFilter{PostID: first.ID, Before: models.MaxID(), Limit: 7}
	for more := true; more; {
		var page []models.Comment
		var err error
		if page, more, err = store.Thread(t.Context(), f); err != nil || len(page) == 0 || len(page) > 7 {
			t.Fatalf("before %s: %d comments, %v", f.Before.Hex(), len(page), err)
		}
		backwards = append(contents(page), backwards...)
		f.Before = page[0].ID
	}
	if !slices.Equal(backwards, want) {
		t.Errorf("backwards: got %v", backwards)
	}
	last := many[len(many)-2].ID
	page, more, err := store.Thread(t.Context(), models.ThreadFilter{PostID: first.ID, After: last, Limit: 5})
	if err != nil || more || page == nil || len(page) > 0 {
		t.Errorf("after the last: got %v, %v, %v, want an empty page", page, more, err)
	}
	empty := storedPost(t, store, alice, "empty")
	page, more, err = store.Thread(t.Context(), models.ThreadFilter{PostID: empty.ID, Limit: 5})
	if err != nil || more || page == nil || len(page) > 0 {
		t.Errorf("of a post without comments: got %v, %v, %v, want an empty page", page, more, err)
	}
	long := strings.Repeat("🦫", 5000) // 20 kB
	many = many[:0]
	for range 60 {
		many = append(many, *makeComment(empty, alice, long))
	}
	insertComments(t, store, many)
	page, more, err = store.Thread(t.Context(), models.ThreadFilter{PostID: empty.ID, Limit: 100})
	if err != nil || !more || len(page)*len(long) > models.MaxPageBytes || len(page) < 50 {
		t.Errorf("long comments: %d on a page, %v, %v", len(page), more, err)
	}
}

func allCommentsAreOnPages(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	kept, deleted := storedPost(t, store, bob, "kept"), storedPost(t, store, alice, "deleted")
	var want []string
	for i := range 12 {
		author, text := alice, fmt.Sprintf("alice %d", i)
		if i%2 == 1 {
			author, text = bob, fmt.Sprintf("bob %d", i)
		}
		newComment(t, store, kept, author, text)
		newComment(t, store, deleted, author, "gone")
		want = append([]string{text}, want...)
	}
	if err := store.DeletePost(t.Context(), deleted.ID, always); err != nil {
		t.Fatal(err)
	}
	all := func(f models.CommentFilter) (all []string) {
		for {
			page, more, err := store.Comments(t.Context(), f)
			if err != nil || len(page) > f.Limit || page == nil {
				t.Fatalf("comments: %v, %v", page, err)
			}
			all = append(all, contents(page)...)
			if !more {
				return all
			}
			f.After = page[len(page)-1].ID
		}
	}
	for _, limit := range []int{1, 5, 12, 100} {
		if got := all(models.CommentFilter{Limit: limit}); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: got %v, want %v", limit, got, want)
		}
	}
	ofBob := slices.DeleteFunc(want, func(text string) bool { return !strings.HasPrefix(text, "bob") })
	if got := all(models.CommentFilter{AuthorID: bob.ID, Limit: 4}); !slices.Equal(got, ofBob) {
		t.Errorf("of bob: got %v, want %v", got, ofBob)
	}
	if got := all(models.CommentFilter{AuthorID: models.NewID(), Limit: 4}); len(got) > 0 {
		t.Errorf("of nobody: got %v", got)
	}
}

func keysCreateOneComment(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	p, other := storedPost(t, store, alice, "My Post"), storedPost(t, store, alice, "other")
	create := func(author *models.User, post *models.Post, key, text string, at time.Time) (*models.Comment, error) {
		c := makeComment(post, author, text)
		c.CreatedAt, c.UpdatedAt = at, at
		once := &models.Idempotency{Key: key, Fingerprint: []byte(post.Title + text), Since: at.Add(-24 * time.Hour)}
		return store.CreateComment(t.Context(), c, once)
	}
	errReplayed := errors.New("replayed")
	won := atOnce(t, 10, func(int) error {
		existing, err := create(bob, p, "key", "Nice", now())
		if err != nil || existing == nil {
			return err
		}
		if existing.Content != "Nice" || existing.PostID != p.ID || existing.Author == nil ||
			existing.Author.Username != "bob" {
			return fmt.Errorf("replayed %+v", existing)
		}
		return errReplayed
	}, errReplayed)
	if got := thread(t, store, p.ID, 20); won != 1 || len(got) != 1 {
		t.Errorf("%d of 10 creates with one key succeeded and made %v, want 1", won, got)
	}
	if _, err := create(bob, p, "key", "Another", now()); !errors.Is(err, models.ErrKeyReused) {
		t.Errorf("the key for another comment: got %v, want ErrKeyReused", err)
	}
	if _, err := create(bob, other, "key", "Nice", now()); !errors.Is(err, models.ErrKeyReused) {
		t.Errorf("the key for another post: got %v, want ErrKeyReused", err)
	}
	post := newPost(bob, "a post with the same key")
	once := &models.Idempotency{Key: "key", Fingerprint: []byte("post"), Since: now().Add(-time.Hour)}
	if existing, err := store.CreatePost(t.Context(), post, once); err != nil || existing != nil {
		t.Errorf("the key for a post: got %+v, %v, want a new post", existing, err)
	}
	for name, c := range map[string]struct {
		author *models.User
		key    string
		at     time.Time
	}{
		"the key of another author": {alice, "key", now()},
		"another key":               {bob, "KEY", now()},
		"the key a day later":       {bob, "key", now().Add(24*time.Hour + time.Minute)},
	} {
		if existing, err := create(c.author, p, c.key, "Nice", c.at); err != nil || existing != nil {
			t.Errorf("%s: got %+v, %v, want a new comment", name, existing, err)
		}
		if existing, err := create(c.author, p, c.key, "Nice", c.at); err != nil || existing == nil {
			t.Errorf("%s, again: got %+v, %v, want that comment", name, existing, err)
		}
	}
	if err := store.DeletePost(t.Context(), p.ID, always); err != nil {
		t.Fatal(err)
	}
	if existing, err := create(bob, p, "KEY", "Nice", now()); !errors.Is(err, models.ErrPostNotFound) {
		t.Errorf("again, on a deleted post: got %+v, %v, want ErrPostNotFound", existing, err)
	}
	if existing, err := create(bob, other, "KEY", "Nice", now()); err != nil || existing != nil {
		t.Errorf("the key of a comment on a deleted post: got %+v, %v, want a new comment", existing, err)
	}
}
