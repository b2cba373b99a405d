package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"gin-blog/models"
)

// storeTexts stores a post for each text, with a part of it as its title.
func storeTexts(t *testing.T, store models.Store, texts []string) (posts []models.KeptPost) {
	t.Helper()
	author := newUser(t, store, "alice")
	for _, text := range texts {
		title, content, _ := strings.Cut(text, "|")
		p := newPost(author, title)
		p.Content = content
		posts = append(posts, models.KeptPost{Post: *p})
	}
	for batch := range slices.Chunk(posts, 100) {
		if err := store.PostTable().Insert(t.Context(), batch); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	return posts
}

// findsWhatOccurs wants a search to find the posts in which the words occur, and returns how many.
func findsWhatOccurs(t *testing.T, store models.Store, posts []models.KeptPost, search string) int {
	t.Helper()
	words := models.ParseWords(search)
	var want []models.ID
	for _, p := range slices.Backward(posts) {
		if words.OccurIn(p.Title, p.Content) {
			want = append(want, p.ID)
		}
	}
	found, more, err := store.Posts(t.Context(), models.PostFilter{Words: words, Limit: 20})
	var got []models.ID
	for _, p := range found {
		got = append(got, p.ID)
	}
	if err != nil || !slices.Equal(got, want[:min(len(want), 20)]) || more != (len(want) > 20) {
		t.Errorf("search %q: found %d posts, more %v, %v, want %d", search, len(got), more, err, len(want))
	}
	return len(want)
}

// wordsAreFound searches in all scripts, and for what means something else in queries.
func wordsAreFound(t *testing.T, store models.Store) {
	posts := storeTexts(t, store, []string{
		"Gin and tonic|A party drink. It isn't art.",
		"Gophers|The art of Go, said NEAR the end; $where {$gt: 1} OR \"quoted\"",
		"Größe ÉCOLE|naïve 日本語の text ΣΊΣΥΦΟΣ हिन्दी",
		"Semi-colons; (|foo_bar title:gin AND*",
		"Hello🤩 world|costs 100€, 👍🏽fine hello👋",
		"部署方案讨论|今天讨论了部署方案和数据库性能",
		"使用Docker部署gin-blog教程|案部署方，方案",
		"โปรแกรมบล็อกภาษาไทย|대한민국은 좋다 まちづくり ｶﾞｷﾞ",
		"cafe\u0301|ﬁle ＡＢＣ STRASSE İstanbul 1️⃣ Acme™ №5",
		"⚠️Warning one|co\u00adoperate zero\u200bwidth C++ מִלָּה",
	})
	for search, want := range map[string]int{
		"art": 2, "ART go": 1, "gin": 3, "tonic drink": 1, "art tonic gophers": 0, "part": 0, "NEAR": 1,
		"gin NEAR tonic": 0, "art OR nothing": 0, "NOT art": 0, "art*": 2, `"art of"`: 1, `art" OR "2`: 0, `art" OR "1`: 1,
		"$where": 1, "title:gin": 1, "école größe": 1, "ecole": 1, "GROSSE": 1, "日本語": 1, "本": 1, "本の": 1,
		"本日": 0, "σίσυφος": 1, "हिन्दी": 1, "ह": 0, "हिन": 0, "foo": 0, "bar": 0,
		"FOO_bar": 1, "hello 100 FINE": 1, "🤩world": 1, "部署": 2, "性能": 1, "数据库": 1, "部署方": 2,
		"署方案": 1, "Docker": 1, "教程": 1, "บล็อก": 1, "대한민국": 1, "民": 0, "まちづくり": 1,
		"ガギ": 1, "café": 1, "cafe": 1, "file abc": 1, "straße": 1, "istanbul": 1, "ISTANBUL": 1, "1": 2, "acme 5": 1,
		"warning": 1, "cooperate": 1, "zerowidth": 1, "zero": 0, "c++": 1, "מִלָּה": 1,
	} {
		if got := findsWhatOccurs(t, store, posts, search); got != want {
			t.Errorf("%q occurs in %d posts, want %d", search, got, want)
		}
	}
}

// generatedWordsAreFound searches for parts of random texts, in other forms.
func generatedWordsAreFound(t *testing.T, store models.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	characters := []rune("   ..aAéÉnßſK_123²½ıİïΣςσἄАёй字部署库々〇の゙かガｶﾞー" +
		"ย็ลบ가나한ㄱ가हिन्" +
		"אבִعﷺﬁⓐ①⚠️🤩🏽ꙮ𐐀𐐨𝐀" +
		"\u0301\u0345\u200b\u200d\u00ad\u202e\u2067\u034f\u20e3\"'*^:-+()$%\\\x01")
	texts := make([]string, 50)
	var parts []string
	for i := range texts {
		var text strings.Builder
		for range 50 {
			part := make([]rune, 1+random.IntN(8))
			for i := range part {
				part[i] = characters[random.IntN(len(characters))]
			}
			parts = append(parts, string(part))
			text.WriteString(string(part) + "\n")
		}
		texts[i] = fmt.Sprintf("%d|%s", i, text.String())
	}
	posts := storeTexts(t, store, texts)
	found := 0
	for range 1000 {
		part := []rune(parts[random.IntN(len(parts))])
		search := string(part[random.IntN(len(part)):])
		switch random.IntN(4) {
		case 0:
			search = norm.NFD.String(search)
		case 1:
			search = strings.ToUpper(search)
		case 2:
			search += " " + parts[random.IntN(len(parts))]
		}
		if models.ParseWords(search) != nil && utf8.ValidString(search) && findsWhatOccurs(t, store, posts, search) > 0 {
			found++
		}
	}
	if found < 500 {
		t.Errorf("only %d of 1000 searches find a post", found)
	}
}
