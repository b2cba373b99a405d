package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gin-blog/models"
)

// charactersSeparateOrJoin puts characters between numbers and searches for all words that result, in another case. A
// store that takes a separator for a part of a word, or the other way round, or that knows a letter in one case only,
// does not find the post.
func charactersSeparateOrJoin(t *testing.T, store models.Store) {
	author := newUser(t, store, "alice")
	var contents []string
	for group := range slices.Chunk(sampleCharacters(), 100) {
		var content strings.Builder
		for _, r := range group {
			fmt.Fprintf(&content, "%d%c", r, r)
		}
		p := newPost(author, "Characters")
		p.Content = content.String()
		if _, err := store.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatalf("create: %v", err)
		}
		contents = append(contents, p.Content)
	}
	for i, content := range contents {
		words := models.ParseWords(strings.Map(unicode.SimpleFold, content))
		posts, _, err := store.Posts(t.Context(), models.PostFilter{Words: words, Limit: 2})
		if err != nil || len(posts) != 1 || posts[0].Content != content {
			t.Errorf("group %d: found %d posts, %v, by the words of %q", i, len(posts), err, content)
		}
	}
}

// sampleCharacters returns characters by which stores may differ: those at which words begin and end in the order of
// Unicode, those that have another case, and some of each block. The tests of models and sqlite look at all
// characters.
func sampleCharacters() (found []rune) {
	const end, block = 0x20000, 128 // most of what follows is one block
	before := false
	for r := range rune(end) {
		inWord := r == '_' || unicode.In(r, unicode.L, unicode.N, unicode.M)
		if r > 0 && inWord != before && utf8.ValidRune(r-1) && utf8.ValidRune(r) {
			found = append(found, r-1, r)
		}
		if unicode.SimpleFold(r) != r || r%block == 1 && utf8.ValidRune(r) {
			found = append(found, r)
		}
		before = inWord
	}
	slices.Sort(found)
	return slices.Compact(found)
}
