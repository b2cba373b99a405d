package routes_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"gin-blog/internal/testkit"
)

// TestControlCharacters: text that is kept has no NUL, no control characters but tabs and line breaks, and one-line
// fields no characters that turn the direction of writing.
func TestControlCharacters(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	post := s.post(t, g.Token, "My Post")
	comment := s.comment(t, g.Token, post.ID, "Nice")
	inLine := []rune{'\t', '\n', '\r', '\u202a', '\u202e', '\u2066', '\u2069'}
	anywhere := []rune{0, 1, '\b', '\v', '\f', 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9f}
	n := 0
	send := func(field, text string) *response {
		quoted, err := json.Marshal("a" + text + "b")
		if err != nil {
			t.Fatal(err)
		}
		switch n++; field {
		case "title":
			return s.send(t, "POST", "/posts", fmt.Sprintf(`{"title":%s,"content":"c"}`, quoted), bearer(g.Token))
		case "comment":
			return s.send(t, "PATCH", "/comments/"+comment.ID, fmt.Sprintf(`{"content":%s}`, quoted), bearer(g.Token))
		case "content":
			return s.send(t, "PATCH", "/posts/"+post.ID, fmt.Sprintf(`{"content":%s}`, quoted), bearer(g.Token))
		case "name":
			body := fmt.Sprintf(`{"username":"user%d","password":"pass123","name":%s}`, n, quoted)
			return s.send(t, "POST", "/auth/register", body)
		default:
			return s.send(t, "PATCH", "/auth/me", fmt.Sprintf(`{"bio":%s}`, quoted), bearer(g.Token))
		}
	}
	for _, field := range []string{"title", "name", "content", "comment", "bio"} {
		oneLine, name := field == "title" || field == "name", strings.Replace(field, "comment", "content", 1)
		for _, r := range anywhere {
			send(field, string(r)).fails(400, "ValidationError", name+" must", name)
		}
		for _, r := range inLine {
			if oneLine {
				send(field, string(r)).fails(400, "ValidationError", field+" must", field)
			} else if r := send(field, string(r)); r.status >= 300 {
				t.Errorf("%s: %d %s", field, r.status, r.body)
			}
		}
		for _, good := range []string{"\u00a0", "\u200d", "\u200f", "👍🏽", "\ufeff"} {
			if r := send(field, good); r.status >= 300 {
				t.Errorf("%s with %q: %d %s", field, good, r.status, r.body)
			}
		}
	}
}

// TestEscapedEmojiFit: 100,000 characters fit, however a client escapes them.
func TestEscapedEmojiFit(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	high, low := utf16.EncodeRune('😀')
	escaped := strings.Repeat(fmt.Sprintf(`\u%04x\u%04x`, high, low), 100_000)
	var created struct{ Post postAnswer }
	s.send(t, "POST", "/posts", `{"title":"t","content":"`+escaped+`"}`, bearer(g.Token)).is(201).decode(&created)
	if created.Post.Content != strings.Repeat("😀", 100_000) {
		t.Errorf("the content has %d bytes", len(created.Post.Content))
	}
}
