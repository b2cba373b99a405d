package models_test

import (
	"slices"
	"strings"
	"testing"

	"gin-blog/models"
)

// FuzzWords looks for the words of one text in another.
func FuzzWords(f *testing.F) {
	for _, seed := range [][2]string{
		{"Hello, World!", "hello"}, {"", ""}, {"σας ΣΑΣ", "Σας"}, {"Hello🤩 world", "HELLO world"}, {"a_b", "a"},
		{"\u212a elvin", "k K"}, {"e\u0301a", "E\u0301A"}, {"\xff a\xffb", "b"}, {"ß ẞ ss", "ẞ"}, {"x²y ½", "½"},
		{"\u0345", "ι"}, {"İ i I ı", "i"}, {"👍🏽 ok ₽", "OK"}, {"ǅ ǆ Ǆ", "ǆ"}, {"\u200dा\u0300", "ा"},
		{"使用Docker部署gin-blog教程", "部署 docker"},
		{"らーめん ラーメン ー", "ｰﾒﾝ"}, {"בְּ\u0345\u20dd", "ב"},
		{"数据库 据库数", "数据库数"}, {"1️⃣ 字\u200b本", "字本 1"},
		{"\ufdfaﷲ", "الله"}, {"ᄀ\u034fᅡ가", "가"},
		{"ก็ข", "ข"}, {"らーめん か\u3099", "ー か"},
		{"ब" + strings.Repeat("\u0301\u0316", 40), "ब"}, {"ก" + strings.Repeat("\u0316\u0e48", 40), "ก"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, search string) {
		found, terms := models.WordsOf(text), models.SearchTerms(text)
		if want := plainWords(text); !slices.Equal(found, want) {
			t.Errorf("%q has the words %q, want %q", text, found, want)
		}
		folded := strings.Join(found, " ")
		if again := models.WordsOf(folded); !slices.Equal(again, found) {
			t.Errorf("%q: folding twice gives %q, once %q", text, again, found)
		}
		if words := models.ParseWords(text); !words.OccurIn(text) || !words.OccurIn(folded) || !words.OccurIn("", text) {
			t.Errorf("%q: its own words do not occur in it", text)
		}
		want := true
		for _, word := range models.WordsOf(search) {
			want = want && slices.ContainsFunc(found, func(f string) bool {
				return f == word || !hasSpaces(scriptName([]rune(word)[0])) && strings.Contains(f, word)
			})
		}
		words := models.ParseWords(search)
		if got := words.OccurIn(text); got != want {
			t.Errorf("the words of %q in %q: %v, want %v", search, text, got, want)
		}
		lacks := slices.ContainsFunc(words.Terms(), func(term string) bool { return !slices.Contains(terms, term) })
		if want && lacks || !want && !lacks && words.AreTerms() {
			t.Errorf("%q in %q is %v, but its terms are %q of %q", search, text, want, words.Terms(), terms)
		}
	})
}
