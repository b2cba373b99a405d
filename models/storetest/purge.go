package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"gin-blog/models"
)

// shownTitles returns the titles of the posts that each way to find posts shows, by the way, and the comments.
func shownTitles(t *testing.T, store models.Store, author *models.User) map[string][]string {
	t.Helper()
	shown := map[string][]string{}
	for name, filter := range map[string]models.PostFilter{
		"list": {}, "tag": {Tag: "go"}, "author": {AuthorID: author.ID}, "search": {Words: models.ParseWords("title")},
		"backwards": {Before: models.ID{1}},
	} {
		filter.Limit = 3
		page, more, err := store.Posts(t.Context(), filter)
		if err != nil || more {
			t.Fatalf("%s: %v, more: %v", name, err, more)
		}
		for _, p := range page {
			shown[name] = append(shown[name], p.Title)
		}
	}
	links, err := store.PostLinks(t.Context(), models.PostRange{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		shown["links"] = append(shown["links"], l.Title)
	}
	tags, err := store.Tags(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shown["tags"] = []string{fmt.Sprint(tags)}
	comments, more, err := store.Comments(t.Context(), models.CommentFilter{Limit: 3})
	if err != nil || more {
		t.Fatalf("comments: %v, more: %v", err, more)
	}
	for _, c := range comments {
		shown["comments"] = append(shown["comments"], c.Content)
	}
	return shown
}

// writings are what alice and bob wrote before bob was purged.
type writings struct {
	alice, bob    *models.User
	spam          []*models.Post // by bob
	kept          *models.Post   // by alice
	onSpam, ofBob *models.Comment
}

// expectPurged wants nothing to be shown of what bob wrote.
func (w *writings) expectPurged(t *testing.T, store models.Store, when string) {
	t.Helper()
	for way, titles := range shownTitles(t, store, w.bob) {
		want, isSpecial := map[string][]string{"author": nil, "tags": {"[{go 1}]"}, "comments": {"Kept"}}[way]
		if !isSpecial {
			want = []string{"Kept title"}
		}
		if !slices.Equal(titles, want) {
			t.Errorf("%s, %s shows %q", when, way, titles)
		}
	}
	thread, _, err := store.Thread(t.Context(), models.ThreadFilter{PostID: w.kept.ID, Limit: 5})
	if err != nil || len(thread) != 1 || thread[0].Content != "Kept" {
		t.Errorf("%s, the thread is %+v, %v", when, thread, err)
	}
	_, _, ofSpam := store.Thread(t.Context(), models.ThreadFilter{PostID: w.spam[0].ID, Limit: 5})
	_, byID := store.PostByID(t.Context(), w.spam[0].ID)
	_, update := store.UpdatePost(t.Context(), w.spam[0].ID, setTitle("new"))
	for what, err := range map[string]error{
		"thread": ofSpam, "post": byID, "update": update,
		"delete": store.DeletePost(t.Context(), w.spam[1].ID, always),
	} {
		if !errors.Is(err, models.ErrPostNotFound) {
			t.Errorf("%s, %s: %v", when, what, err)
		}
	}
	for _, c := range []*models.Comment{w.onSpam, w.ofBob} {
		if _, err := store.CommentByID(t.Context(), c.ID); !errors.Is(err, models.ErrCommentNotFound) {
			t.Errorf("%s, comment %q: %v", when, c.Content, err)
		}
	}
	if sole, err := store.SoleAuthor(t.Context()); err != nil || sole.ID != w.alice.ID {
		t.Errorf("%s, the sole author is %+v, %v", when, sole, err)
	}
	if id, err := store.SkipPosts(t.Context(), models.ID{}, 1); err != nil || !id.IsZero() {
		t.Errorf("%s, the second post is %v, %v", when, id, err)
	}
	records, _, err := store.PostTable().Read(t.Context(), models.ID{}, 1000)
	if err != nil || len(records) != 1 {
		t.Errorf("%s, %d posts are copied, %v", when, len(records), err)
	}
	copied, _, err := store.CommentTable().Read(t.Context(), models.ID{}, 1000)
	if err != nil || len(copied) != 1 {
		t.Errorf("%s, %d comments are copied, %v", when, len(copied), err)
	}
}

func purgedUsersAreHidden(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	write := func(u *models.User, title string) *models.Post {
		p := newPost(u, title)
		p.Tags = []string{"go"}
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		return p
	}
	spam := make([]*models.Post, 2*models.PurgeStep)
	for i := range spam[1:] {
		spam[i] = write(bob, fmt.Sprintf("Spam title %d", i))
	}
	kept := write(alice, "Kept title")
	spam[len(spam)-1] = write(bob, "Last spam title")
	w := &writings{
		alice: alice, bob: bob, spam: spam, kept: kept,
		onSpam: newComment(t, store, spam[0], alice, "On spam"), ofBob: newComment(t, store, kept, bob, "Of bob"),
	}
	newComment(t, store, kept, alice, "Kept")
	createDraft(t, store, newDraft(bob, "Draft"))
	if err := store.PurgeUser(t.Context(), bob.ID, now()); err != nil {
		t.Fatal(err)
	}
	w.expectPurged(t, store, "at once")
	if more, err := store.Sweep(t.Context(), now()); err != nil || !more {
		t.Errorf("the first sweep: %v, more: %v", err, more)
	}
	w.expectPurged(t, store, "half swept")
	if sweep(t, store) == 0 {
		t.Error("there was nothing to sweep")
	}
	w.expectPurged(t, store, "swept")
	if n, err := store.PostTable().Count(t.Context()); err != nil || n != 1 {
		t.Errorf("%d posts are left, %v", n, err)
	}
	if n, err := store.CommentTable().Count(t.Context()); err != nil || n != 1 {
		t.Errorf("%d comments are left, %v", n, err)
	}
}

// purgesWinRaces purges a user who writes at the same time.
func purgesWinRaces(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	kept := storedPost(t, store, alice, "Kept title")
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for i := range 10 {
				_, _ = store.CreatePost(t.Context(), newPost(bob, fmt.Sprintf("Spam title %d", i)), nil)
				_, _ = store.CreateComment(t.Context(), makeComment(kept, bob, "Spam"), nil)
			}
		})
	}
	if err := store.PurgeUser(t.Context(), bob.ID, now()); err != nil {
		t.Error(err)
	}
	writers.Wait()
	for _, when := range []string{"at once", "swept"} {
		page, more, err := store.Posts(t.Context(), models.PostFilter{Limit: 5})
		thread, _, threadErr := store.Thread(t.Context(), models.ThreadFilter{PostID: kept.ID, Limit: 5})
		if err != nil || more || len(page) != 1 || threadErr != nil || len(thread) != 0 {
			t.Errorf("%s: %d posts, %v, %d comments, %v", when, len(page), err, len(thread), threadErr)
		}
		sweep(t, store)
	}
}
