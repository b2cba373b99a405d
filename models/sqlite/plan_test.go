package sqlite_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// TestPagesComeFromAnIndexInOrder: whatever the filter, a page is read off the index that is in its order, without
// a sort and without looking at posts that are not on it.
func TestPagesComeFromAnIndexInOrder(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	author := models.NewID()
	const findsAuthor, findsAuthors = "SEARCH users USING PRIMARY KEY (id=?)",
		"SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN"
	for name, c := range map[string]struct {
		filter models.PostFilter
		want   []string
	}{
		"list": {models.PostFilter{}, []string{"SEARCH posts USING INTEGER PRIMARY KEY (rowid<?)", findsAuthors}},
		"author": {models.PostFilter{AuthorID: author}, []string{
			"SEARCH posts USING INDEX posts_by_author (author_id=? AND rowid<?)", "SCALAR SUBQUERY", findsAuthor}},
		"tag": {models.PostFilter{Tag: "go"}, []string{"SEARCH post_tags USING PRIMARY KEY (tag=? AND position<?)",
			"SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)", findsAuthors}},
		"author and tag": {models.PostFilter{AuthorID: author, Tag: "go"}, []string{
			"SEARCH post_tags USING COVERING INDEX post_tags_by_author (author_id=? AND tag=? AND position<?)",
			"SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)", "SCALAR SUBQUERY", findsAuthor}},
		"search": {models.PostFilter{Words: models.ParseWords("a b")}, []string{"SCAN posts_search VIRTUAL TABLE INDEX",
			"SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)", findsAuthors}},
	} {
		for _, at := range [][2]models.ID{{}, {models.NewID()}, {{}, models.NewID()}} {
			c.filter.After, c.filter.Before, c.filter.Limit = at[0], at[1], 20
			steps, err := store.PagePlan(t.Context(), c.filter)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !at[1].IsZero() {
				for i, step := range steps {
					steps[i] = strings.NewReplacer("rowid>?", "rowid<?", "position>?", "position<?").Replace(step)
				}
			}
			comparePlan(t, name, steps, c.want)
		}
	}
}

// comparePlan wants a plan whose steps begin as they should, apart from those that look up the position of one post.
func comparePlan(t *testing.T, name string, steps, want []string) {
	t.Helper()
	for i := len(steps) - 1; i >= 0; i-- {
		switch {
		case steps[i] == "SEARCH moved_posts USING PRIMARY KEY (id=?)" && i > 0: // after its SCALAR SUBQUERY
			steps = slices.Delete(steps, i-1, i+1)
			i--
		case strings.HasPrefix(steps[i], "REUSE SUBQUERY"),
			strings.HasPrefix(steps[i], "USING INDEX sqlite_autoindex_purged_users"):
			steps = slices.Delete(steps, i, i+1)
		}
	}
	if len(steps) != len(want) {
		t.Errorf("%s: the plan is %q, want %q", name, steps, want)
		return
	}
	for i, step := range steps {
		if !strings.HasPrefix(step, want[i]) || strings.Contains(step, "TEMP B-TREE") {
			t.Errorf("%s: step %d is %q, want %q", name, i, step, want[i])
		}
	}
}

func TestCommentsComeFromAnIndexInOrder(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	plans, err := store.CommentPlans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const findsPost, findsAuthor = "SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)",
		"SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN"
	for name, want := range map[string][]string{
		"thread":        {findsPost, "SEARCH comments USING PRIMARY KEY (post=? AND id>?) LEFT-JOIN", findsAuthor},
		"thread before": {findsPost, "SEARCH comments USING PRIMARY KEY (post=? AND id<?) LEFT-JOIN", findsAuthor},
		"one":           {"SEARCH comments USING INDEX comments_by_id (id=?)", findsPost, findsAuthor},
		"all":           {"SEARCH comments USING INDEX comments_by_id (id<?)", findsPost, findsAuthor},
		"of an author": {"SEARCH comments USING INDEX comments_by_author (author_id=? AND id<?)", findsPost,
			findsAuthor},
		"by key": {"SEARCH comments USING INDEX comments_by_idempotency_key (author_id=? AND idempotency_key=?)"},
		"sweep": {"SEARCH comments USING PRIMARY KEY (post=? AND id=?)", "LIST SUBQUERY",
			"SEARCH comments USING PRIMARY KEY (post=?)", "SCALAR SUBQUERY", findsPost},
	} {
		comparePlan(t, name, plans[name], want)
	}
}

// TestDraftsComeFromAnIndex: a page of drafts and the drafts that are due are read off an index in their order.
func TestDraftsComeFromAnIndex(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close(t.Context())
	page, due, err := store.DraftPlans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantPage := []string{"SEARCH drafts USING INDEX drafts_by_author (author_id=? AND id<?)"}
	wantDue := []string{"SEARCH drafts USING INDEX drafts_by_publish_at (publish_at>? AND publish_at<?)",
		"USE TEMP B-TREE FOR LAST TERM OF ORDER BY"} // for drafts with the same time
	if !slices.Equal(page, wantPage) || !slices.Equal(due, wantDue) {
		t.Errorf("the plans are %q and %q, want %q and %q", page, due, wantPage, wantDue)
	}
}
