package markdown

import (
	"strings"
	"testing"
)

func TestExcerpt(t *testing.T) {
	r := NewRenderer()
	for name, test := range map[string]struct {
		content string
		limit   int
		want    string
	}{
		"short":            {"Hello *you*.", 50, "Hello you."},
		"many blocks":      {"a\nb\n\n- c\n- d\n\n> e", 50, "a b c; d; e"},
		"items with signs": {"1. a.\n2. b\n   - c\n3. d", 50, "a. b c; d"},
		"items in pieces":  {"- `a`\n\n  b\n- [ ] c", 50, "a b; c"},
		"a heading first":  {"# Title\n\nText", 50, "Text"},
		"only a heading":   {"# Title", 50, "Title"},
		"code":             {"Before\n\n```go\nx := 1\n```\n\nafter `y`", 50, "Before after y"},
		"only code":        {"```go\nx := 1\ny := 2\n```", 50, "x := 1 y := 2"},
		"a table":          {"a\n\n|b|c|\n|-|-|\n|d|e|", 50, "a"},
		"only a table":     {"|b|c|\n|-|-|\n|d|e|", 50, "b c d e"},
		"links and images": {
			"[a](https://example.com) ![b](https://example.com/c.png) <https://d.example>", 50, "a b https://d.example"},
		"signs":              {`1 \* 2 &lt; 3 &amp; \&amp; C:\new <b>`, 50, `1 * 2 < 3 & &amp; C:\new <b>`},
		"references in code": {"`&lt; \\*`", 50, `&lt; \*`},
		"a task":             {"- [x] done", 50, "done"},
		"too long":           {"one two three four", 12, "one two…"},
		"just short enough":  {"one two thre", 12, "one two thre"},
		"one long word":      {strings.Repeat("x", 60), 12, "xxxxxxxxxxx…"},
		"at a comma":         {"one, two, three", 10, "one, two…"},
		"not Latin":          {strings.Repeat("字", 60), 12, strings.Repeat("字", 11) + "…"},
		"more than was read": {strings.Repeat("😀", 10_000), 12, strings.Repeat("😀", 11) + "…"},
		"nothing":            {"", 50, ""},
		"a rule":             {"---", 50, ""},
		"a long image first": {"![b](https://example.com/" + strings.Repeat("c", 300) + ")\n\nText", 12, "Text"},
		"invalid UTF-8":      {"a\xffb", 50, "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.Excerpt(test.content, test.limit); got != test.want {
				t.Errorf("the excerpt is %q, not %q", got, test.want)
			}
		})
	}
}
