package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"gin-blog/models"
	"gin-blog/models/sqlite"
)

// BenchmarkSearch reads a page of 100,000 posts: that of the list, and those of searches for one word. A page of a
// search should take at most three times as long as one of the list.
func BenchmarkSearch(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "test.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close(b.Context())
	author := models.User{ID: models.NewID(), Username: "alice", Role: models.RoleUser}
	if err := store.CreateUser(b.Context(), &author); err != nil {
		b.Fatal(err)
	}
	contents := []string{
		strings.Repeat("It is a draft of what the others wrote about the weather. ", 8) + "Gophers.",
		strings.Repeat("昨天下雨，我们在家里读书。", 20) + "今天讨论了数据库性能和部署方案。",
	}
	batch := make([]models.KeptPost, 500)
	for range 100_000 / len(batch) {
		for i := range batch {
			batch[i].Post = models.Post{ID: models.NewID(), AuthorID: author.ID, Text: models.Text{
				Title: "A title 标题", Content: contents[i%len(contents)]}}
		}
		if err := store.PostTable().Insert(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"list": "", "Latin word": "gophers", "Chinese character": "库", "Chinese word": "部署",
		"long Chinese word": "数据库性能",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				page, _, err := store.Posts(b.Context(), models.PostFilter{Words: models.ParseWords(text), Limit: 20})
				if err != nil || len(page) != 20 {
					b.Fatalf("%d posts, %v", len(page), err)
				}
			}
		})
	}
}
