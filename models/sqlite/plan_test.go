package sqlite_test

import (
	"path/filepath"
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
			if len(steps) != len(c.want) {
				t.Errorf("%s: the plan is %q, want %q", name, steps, c.want)
				continue
			}
			for i, step := range steps {
				if !at[1].IsZero() {
					step = strings.NewReplacer("rowid>?", "rowid<?", "position>?", "position<?").Replace(step)
				}
				if !strings.HasPrefix(step, c.want[i]) || strings.Contains(step, "TEMP B-TREE") {
					t.Errorf("%s: step %d is %q, want %q", name, i, step, c.want[i])
				}
			}
		}
	}
}
