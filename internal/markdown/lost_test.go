package markdown_test

import (
	"slices"
	"strings"
	"testing"

	"gin-blog/internal/markdown"
)

// TestLost: what is lost is not in the page, and what is in the page is not lost.
func TestLost(t *testing.T) {
	const content = `![a](a.png) ![b](http://example.com/b.png) ![c](https://example.com/c.png) [d](d/) [e](../e "title")
[f](https://example.com/f) [g](javascript:alert(1)) [![h](h.png)](i/) [j][j] ![k] <https://example.com/l>
` + "`[m](m/)`" + `

    [n](n/)

[j]: j/
[k]: k.jpg
`
	lost := slices.Sorted(slices.Values(markdown.Lost(content)))
	want := strings.Fields("../e a.png d/ h.png http://example.com/b.png i/ j/ javascript:alert(1) k.jpg")
	if !slices.Equal(lost, want) {
		t.Errorf("got %q, want %q", lost, want)
	}
	page, err := markdown.NewRenderer().Render(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range lost {
		if strings.Contains(string(page), `"`+address+`"`) {
			t.Errorf("%s is in the page", address)
		}
	}
}
