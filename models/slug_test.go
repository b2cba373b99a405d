package models_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"gin-blog/models"
)

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"My Post":                          "my-post",
		"  Go 1.26: what's new?  ":         "go-1-26-what-s-new",
		"":                                 "",
		"🤩 ?!":                             "",
		"Über Größe":                       "über-größe",
		"नमस्ते दुनिया":                    "नमस्ते-दुनिया",
		"../../etc/passwd":                 "etc-passwd",
		`"><script>alert(1)</script>`:      "script-alert-1-script",
		"snake_case":                       "snake-case",
		"\xff\xfe broken":                  "broken",
		strings.Repeat("word ", 40):        strings.Repeat("word-", 11) + "word",
		strings.Repeat("x", 200):           strings.Repeat("x", 60),
		"a " + strings.Repeat("x", 200):    "a",
		"x" + strings.Repeat("é", 200):     "x" + strings.Repeat("é", 29),
		"x" + strings.Repeat("\u0301", 99): "",
	} {
		got := models.Slug(title)
		if got != want || !utf8.ValidString(got) || len(got) > 60 {
			t.Errorf("%q has the slug %q, want %q", title, got, want)
		}
	}
}
