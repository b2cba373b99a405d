package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gin-blog/models"
)

// clockCases are what holds while the clocks of processes differ, or a clock is set back.
var clockCases = []testCase{
	{"new posts and comments follow those that are stored", newOnesFollow},
	{"who reads on misses no comment", readersMissNoComment},
	{"the last use of a session does not go back", lastUseDoesNotGoBack},
}

// newOnesFollow: a process whose clock is ahead stores posts and comments. Those of the others still follow.
func newOnesFollow(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	ahead, behind := now().Add(time.Hour), now().Add(-time.Hour)
	var want []string
	create := func(title string, at time.Time) *models.Post {
		p := newPost(alice, title)
		p.ID = models.NewIDAt(at)
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create %s: %v", title, err)
		}
		want = append([]string{title}, want...)
		return p
	}
	first := create("first", now())
	create("ahead", ahead)
	create("behind", behind)
	create("behind by less", now())
	d := newDraft(alice, "a draft")
	if err := store.CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	published, _, err := publish(t, store, d)
	if err != nil {
		t.Fatal(err)
	}
	want = append([]string{"a draft"}, want...)
	page, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 10})
	var got []string
	for _, p := range page {
		got = append(got, p.Title)
	}
	if err != nil || !slices.Equal(got, want) || page[0].ID != published.ID {
		t.Errorf("the posts are %v, %v, want %v", got, err, want)
	}
	if got, err := store.PostByID(t.Context(), published.ID); err != nil || got.Title != "a draft" {
		t.Errorf("the published draft: %+v, %v", got, err)
	}

	f := models.ThreadFilter{PostID: first.ID, Limit: 10}
	for i, at := range []time.Time{now(), ahead, behind, now(), ahead.Add(-time.Minute), behind} {
		c := makeComment(first, alice, fmt.Sprint(i))
		c.ID = models.NewIDAt(at)
		if _, err := store.CreateComment(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
		page, _, err := store.Thread(t.Context(), f)
		if err != nil || len(page) != 1 || page[0].ID != c.ID || page[0].Content != c.Content {
			t.Fatalf("comment %d is not the one after %s: %+v, %v", i, f.After.Hex(), page, err)
		}
		f.After = c.ID
	}
}

// readersMissNoComment: many write comments on one post through one store, and readers go on after the last comment
// that they have read. None misses one. Of the comments that several processes write, this holds for those that are not
// written at the same moment, as in newOnesFollow.
func readersMissNoComment(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	p := storedPost(t, store, alice, "My Post")
	const writers, each, readers = 8, 10, 2
	var writing, reading sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for range each {
				c := makeComment(p, alice, "Hello")
				if _, err := store.CreateComment(t.Context(), c, nil); err != nil {
					t.Errorf("create comment: %v", err)
				}
			}
		})
	}
	written := make(chan struct{})
	read := make([][]models.ID, readers)
	for i := range read {
		reading.Go(func() {
			f := models.ThreadFilter{PostID: p.ID, Limit: 100}
			for last := false; !last; {
				select {
				case <-written:
					last = true
				default:
				}
				page, _, err := store.Thread(t.Context(), f)
				if err != nil {
					t.Errorf("thread: %v", err)
				}
				for _, c := range page {
					read[i] = append(read[i], c.ID)
					f.After = c.ID
				}
			}
		})
	}
	writing.Wait()
	close(written)
	reading.Wait()
	for i, ids := range read {
		sorted := slices.IsSortedFunc(ids, func(a, b models.ID) int { return bytes.Compare(a[:], b[:]) })
		if len(ids) != writers*each || !sorted {
			t.Errorf("reader %d has read %d comments, want %d in order", i, len(ids), writers*each)
		}
	}
}

// lastUseDoesNotGoBack: the refresh id of a session is swapped by the clock of a process that is behind.
func lastUseDoesNotGoBack(t *testing.T, store models.Store) {
	session := createSession(t, store, newUser(t, store, "alice"), "first")
	later, behind := now().Add(time.Minute), now().Add(-time.Hour)
	want := session.LastUsedAt
	for i, at := range []time.Time{behind, later, behind} {
		if at.After(want) {
			want = at
		}
		id := fmt.Sprint("refresh id ", i)
		s, err := store.SwapRefreshID(t.Context(), session.ID, session.RefreshID, id, at)
		if err != nil || s.RefreshID != id || s.LastUsedAt.Before(want) || !s.RotatedAt.Equal(at) {
			t.Fatalf("%s: %+v, %v", id, s, err)
		}
		session = s
	}
}
