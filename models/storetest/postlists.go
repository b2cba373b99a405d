package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/models"
)

// listCases are the cases of models.PostStore that are about lists.
var listCases = []testCase{
	{"the newest post comes first within a blink", newestFirst},
	{"pages hold every post once", pagesHoldEveryPostOnce},
	{"pages lead back", pagesLeadBack},
	{"pages stay whole while others write", pagesStayWhole},
	{"pages of long posts end early", longPagesEndEarly},
	{"lists are filtered", listsAreFiltered},
	{"filters follow changes", filtersFollowChanges},
	{"words are found", wordsAreFound},
	{"generated words are found", generatedWordsAreFound},
	{"the search follows changes", searchFollowsChanges},
	{"links cover a range of posts", linksCoverARange},
	{"posts are skipped in the order of creation", postsAreSkipped},
}

// walk pages through the whole list, calling between after each page, and returns the ids in the order seen.
func walk(t *testing.T, store models.Store, limit int, between func()) []models.ID {
	t.Helper()
	var ids []models.ID
	filter := models.PostFilter{Limit: limit}
	for {
		page, more, err := store.Posts(t.Context(), filter)
		if err != nil {
			t.Fatalf("page after %s: %v", filter.After.Hex(), err)
		}
		if len(page) > limit {
			t.Fatalf("a page of %d posts, want at most %d", len(page), limit)
		}
		for _, p := range page {
			ids = append(ids, p.ID)
		}
		if !more {
			return ids
		}
		filter.After = page[len(page)-1].ID
		between()
	}
}

func linksCoverARange(t *testing.T, store models.Store) {
	ids := createPosts(t, store, newUser(t, store, "alice"), 5)
	slices.Reverse(ids)
	changed := now().Add(time.Hour)
	change := sets(func(p *models.Post) { p.Title, p.UpdatedAt = "Changed", changed })
	if _, err := store.UpdatePost(t.Context(), ids[2], change); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		posts models.PostRange
		want  []models.ID
	}{
		"all":              {models.PostRange{Limit: 10}, ids},
		"with a limit":     {models.PostRange{Limit: 2}, ids[:2]},
		"from an id on":    {models.PostRange{From: ids[1], Limit: 10}, ids[1:]},
		"before an id":     {models.PostRange{Before: ids[3], Limit: 10}, ids[:3]},
		"between two":      {models.PostRange{From: ids[1], Before: ids[3], Limit: 10}, ids[1:3]},
		"after the newest": {models.PostRange{From: models.NewID(), Limit: 10}, nil},
		"the newest":       {models.PostRange{Limit: 2, Newest: true}, []models.ID{ids[4], ids[3]}},
		"right before":     {models.PostRange{Before: ids[3], Limit: 1, Newest: true}, ids[2:3]},
		"the other way":    {models.PostRange{From: ids[3], Before: ids[1], Limit: 10}, nil},
	} {
		links, err := store.PostLinks(t.Context(), c.posts)
		var got []models.ID
		for _, link := range links {
			got = append(got, link.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
	links, err := store.PostLinks(t.Context(), models.PostRange{From: ids[2], Limit: 1})
	if err != nil || len(links) != 1 || links[0].Title != "Changed" || !links[0].UpdatedAt.Equal(changed) {
		t.Errorf("the link to a post that changed is %+v (%v)", links, err)
	}
}

func postsAreSkipped(t *testing.T, store models.Store) {
	if id, err := store.SkipPosts(t.Context(), models.ID{}, 0); err != nil || !id.IsZero() {
		t.Errorf("an empty store: got %v, %v", id, err)
	}
	ids := createPosts(t, store, newUser(t, store, "alice"), 5)
	slices.Reverse(ids)
	for _, c := range []struct {
		from models.ID
		n    int
		want models.ID
	}{
		{models.ID{}, 0, ids[0]}, {models.ID{}, 4, ids[4]}, {models.ID{}, 5, models.ID{}},
		{ids[1], 0, ids[1]}, {ids[1], 3, ids[4]}, {ids[1], 4, models.ID{}}, {models.NewID(), 0, models.ID{}},
	} {
		if id, err := store.SkipPosts(t.Context(), c.from, c.n); err != nil || id != c.want {
			t.Errorf("%d from %s on: got %v, %v, want %v", c.n, c.from.Hex(), id, err, c.want)
		}
	}
}

// titles pages through all that a filter selects, five a page, and returns the titles.
func titles(t *testing.T, store models.Store, f models.PostFilter) (titles []string) {
	t.Helper()
	f.Limit = 5
	for {
		page, more, err := store.Posts(t.Context(), f)
		if err != nil {
			t.Fatalf("list %+v: %v", f, err)
		}
		for _, p := range page {
			titles = append(titles, p.Title)
		}
		if !more {
			return titles
		}
		f.After = page[len(page)-1].ID
	}
}

func newestFirst(t *testing.T, store models.Store) {
	want := createPosts(t, store, newUser(t, store, "alice"), 30)
	if got := walk(t, store, 100, func() {}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want the reverse of the order of creation", got)
	}
}

// pagesLeadBack: the page before a post has the posts that are right before it in the list, in the order of the list.
func pagesLeadBack(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	want := createPosts(t, store, alice, 12) // newest first
	other := createPosts(t, store, bob, 1)[0]
	for name, filter := range map[string]models.PostFilter{
		"of an author": {Limit: 5, AuthorID: alice.ID},
		"with a word":  {Limit: 5, AuthorID: alice.ID, Words: models.ParseWords("hello")},
	} {
		filter.Before = want[11]
		for _, bounds := range [][2]int{{6, 11}, {1, 6}, {0, 1}, {0, 0}} {
			page, more, err := store.Posts(t.Context(), filter)
			if err != nil || more != (bounds[0] > 0) {
				t.Fatalf("%s, before %s: more is %v, %v", name, filter.Before.Hex(), more, err)
			}
			var got []models.ID
			for _, p := range page {
				got = append(got, p.ID)
			}
			if !slices.Equal(got, want[bounds[0]:bounds[1]]) {
				t.Errorf("%s: the page before %s has %v, want posts %v", name, filter.Before.Hex(), got, bounds)
			}
			filter.Before = want[bounds[0]]
		}
	}
	page, more, err := store.Posts(t.Context(), models.PostFilter{Limit: 1, Before: want[0]})
	if err != nil || more || len(page) != 1 || page[0].ID != other || page[0].Author == nil {
		t.Errorf("before the newest of alice: got %+v, %v, %v", page, more, err)
	}
}

func pagesHoldEveryPostOnce(t *testing.T, store models.Store) {
	page, more, err := store.Posts(t.Context(), models.PostFilter{Limit: 5})
	if err != nil || more || page == nil || len(page) != 0 {
		t.Errorf("an empty store: got %v, %v, want an empty page", page, err)
	}
	want := createPosts(t, store, newUser(t, store, "alice"), 20)
	for _, limit := range []int{1, 7, 10, 20, 100} {
		if got := walk(t, store, limit, func() {}); !reflect.DeepEqual(got, want) {
			t.Errorf("pages of %d: got %d posts, want all %d in order", limit, len(got), len(want))
		}
	}
}

func pagesStayWhole(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	before := createPosts(t, store, author, 40)
	var writers sync.WaitGroup
	got := walk(t, store, 5, func() {
		for range 3 {
			writers.Go(func() {
				if _, err := store.CreatePost(t.Context(), newPost(author, "meanwhile"), nil); err != nil {
					t.Errorf("create meanwhile: %v", err)
				}
			})
		}
	})
	writers.Wait()

	seen := make(map[models.ID]int)
	for _, id := range got {
		seen[id]++
	}
	for _, id := range before {
		if seen[id] != 1 {
			t.Errorf("post %s was listed %d times, want once", id.Hex(), seen[id])
		}
	}
}

func longPagesEndEarly(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	long := strings.Repeat("x", models.MaxPageBytes/3)
	for i := range 7 {
		p := newPost(author, fmt.Sprintf("%d", i))
		p.Content = long
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create: %v", err)
		}
	}
	page, more, err := store.Posts(t.Context(), models.PostFilter{Limit: 5})
	if err != nil || len(page) != 2 || !more {
		t.Errorf("a page of %d long posts, more %v, %v, want 2 and more", len(page), more, err)
	}
	if got := strings.Join(titles(t, store, models.PostFilter{}), ""); got != "6543210" {
		t.Errorf("the pages hold %s", got)
	}
}

func listsAreFiltered(t *testing.T, store models.Store) {
	alice, bob := newUser(t, store, "alice"), newUser(t, store, "bob")
	var all, byAlice, withGo, both []string // titles, newest first
	for i := range 24 {
		author, tags := alice, []string{"gin"}
		if i%3 == 0 {
			author = bob
		}
		if i%2 == 0 {
			tags = []string{"go", "gin"}
		}
		p := createTagged(t, store, author, fmt.Sprintf("Post %02d", i), tags...)
		prepend := func(to *[]string) { *to = append([]string{p.Title}, *to...) }
		prepend(&all)
		if author == alice {
			prepend(&byAlice)
		}
		if i%2 == 0 {
			prepend(&withGo)
		}
		if author == alice && i%2 == 0 {
			prepend(&both)
		}
	}
	for name, c := range map[string]struct {
		filter models.PostFilter
		want   []string
	}{
		"all":               {models.PostFilter{}, all},
		"by author":         {models.PostFilter{AuthorID: alice.ID}, byAlice},
		"by tag":            {models.PostFilter{Tag: "go"}, withGo},
		"by the other tag":  {models.PostFilter{Tag: "gin"}, all},
		"by author and tag": {models.PostFilter{AuthorID: alice.ID, Tag: "go"}, both},
		"by words":          {models.PostFilter{Words: models.ParseWords("hello post")}, all},
		"by words, author":  {models.PostFilter{Words: models.ParseWords("hello"), AuthorID: alice.ID}, byAlice},
		"by words, author, tag": {
			models.PostFilter{Words: models.ParseWords("HELLO"), AuthorID: alice.ID, Tag: "go"}, both},
		"by a part of a tag": {models.PostFilter{Tag: "g"}, nil},
		"by nobody":          {models.PostFilter{AuthorID: models.NewID()}, nil},
	} {
		if got := titles(t, store, c.filter); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// createTagged stores a post with tags.
func createTagged(t *testing.T, store models.Store, author *models.User, title string, tags ...string) *models.Post {
	t.Helper()
	p := newPost(author, title)
	p.Tags = tags
	if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatalf("create %s: %v", title, err)
	}
	return p
}

func filtersFollowChanges(t *testing.T, store models.Store) {
	alice := newUser(t, store, "alice")
	createTagged(t, store, alice, "kept", "go")
	changed := createTagged(t, store, alice, "changed", "go", "gin")
	deleted := createTagged(t, store, alice, "deleted", "go")

	change := sets(func(p *models.Post) { p.Tags = []string{"rust"} })
	if _, err := store.UpdatePost(t.Context(), changed.ID, change); err != nil {
		t.Fatalf("change tags: %v", err)
	}
	if err := store.DeletePost(t.Context(), deleted.ID, always); err != nil {
		t.Fatalf("delete: %v", err)
	}
	for tag, want := range map[string][]string{"go": {"kept"}, "gin": nil, "rust": {"changed"}} {
		for _, author := range []models.ID{{}, alice.ID} {
			got := titles(t, store, models.PostFilter{Tag: tag, AuthorID: author})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("by the tag %s and the author %s: got %v, want %v", tag, author.Hex(), got, want)
			}
		}
	}
}

// find searches for text and wants the posts with these titles, in any order.
func find(t *testing.T, store models.Store, text string, want ...string) {
	t.Helper()
	got := titles(t, store, models.PostFilter{Words: models.ParseWords(text)})
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("search %q: got %v, want %v", text, got, want)
	}
}

func searchFollowsChanges(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	changed, deleted := createTagged(t, store, author, "Gophers"), createTagged(t, store, author, "Tonic")
	find(t, store, "hello", "Gophers", "Tonic")
	if _, err := store.UpdatePost(t.Context(), changed.ID, setContent("All about marmots")); err != nil {
		t.Fatalf("change: %v", err)
	}
	if err := store.DeletePost(t.Context(), deleted.ID, always); err != nil {
		t.Fatalf("delete: %v", err)
	}
	find(t, store, "hello")
	find(t, store, "marmots", "Gophers")
	wordless := createTagged(t, store, author, "?!")
	for _, content := range []string{"…", "🤩 wombats", "🤩"} {
		if _, err := store.UpdatePost(t.Context(), wordless.ID, setContent(content)); err != nil {
			t.Fatalf("change to %s: %v", content, err)
		}
		if content == "🤩 wombats" {
			find(t, store, "wombats", "?!")
		}
	}
	if err := store.DeletePost(t.Context(), wordless.ID, always); err != nil {
		t.Fatalf("delete the post without words: %v", err)
	}
	find(t, store, "wombats")
	find(t, store, "tonic")
}
