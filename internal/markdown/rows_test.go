package markdown

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gin-blog/models"
)

// TestWritersGetWhatTheyWrite renders what people type and paste.
func TestWritersGetWhatTheyWrite(t *testing.T) {
	var tests map[string]struct {
		Content    string
		Has, Lacks []string // what the HTML has and lacks
	}
	content, err := os.ReadFile("testdata/texts.json")
	if err == nil {
		err = json.Unmarshal(content, &tests)
	}
	if err != nil || len(tests) == 0 {
		t.Fatal(len(tests), err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rendered := render(t, test.Content)
			checkSafe(t, rendered)
			for _, want := range test.Has {
				if !strings.Contains(rendered, want) {
					t.Errorf("%q lacks %q:\n%s", test.Content, want, rendered)
				}
			}
			for _, wrong := range test.Lacks {
				if strings.Contains(rendered, wrong) {
					t.Errorf("%q has %q:\n%s", test.Content, wrong, rendered)
				}
			}
		})
	}
}

// TestExcerptsOfWholeTexts: what the page reads, the excerpt reads, however far on it is defined.
func TestExcerptsOfWholeTexts(t *testing.T) {
	r, words := NewRenderer(), strings.Repeat("\n\nSome more words, so that the text is long.", 300)
	data := "data:image/png;base64," + strings.Repeat("iVBORw0KGgo+/", 5_000) + "=="
	var definitions strings.Builder
	for i := range 200 {
		fmt.Fprintf(&definitions, "[link %d]: https://example.com/some/page/%d \"A title\"\n", i, i)
	}
	flags := strings.Repeat("🇩🇪", 200)
	for name, test := range map[string]struct {
		content string
		limit   int
		want    string
	}{
		"a link defined far on": {
			"See [the manual][man]." + words + "\n\n[man]: https://example.com", 16, "See the manual…"},
		"after a footnote": {
			"See [the manual][man][^1]." + words + "\n\n[^1]: Smith\n\n[man]: /a", 16, "See the manual…"},
		"in a quote": {
			"See [the manual][]." + words + "\n\n> [The  Manual]: <https://example.com>", 16, "See the manual…"},
		"a link defined nowhere":    {"See [the manual][man]." + words, 24, "See [the manual][man]…"},
		"a footnote far on":         {"Claim[^1]. Next" + words + "\n\n[^1]: Smith", 13, "Claim. Next…"},
		"a footnote of many words":  {"Claim[^1]. Next" + words + "\n\n[^1]: Smith and Jones\n    *b*", 13, "Claim. Next…"},
		"a footnote with more":      {"Claim[^1].\n\n[^1]: Smith and\nJones\n\n    more\n\nNext.", 50, "Claim. Next."},
		"footnotes":                 {"Claim[^1].\n\n[^1]: Smith", 50, "Claim."},
		"comments":                  {"<!-- note -->\n\na <!-- b --> c", 50, "a c"},
		"up to a comment":           {"One two.\n\n<!--more-->\n\nThree", 50, "One two."},
		"of a long text":            {"One.\n\n<!--more-->" + words, 50, "One."},
		"up to a comment in a line": {"One <!-- More --> two", 50, "One"},
		"in WordPress":              {"One\n\n<!--more Read on-->\n\nTwo", 50, "One"},
		"a comment at the start":    {"<!--more-->\n\nOne", 50, "One"},
		"a comment on more":         {"One <!-- moreover --> two", 50, "One two"},
		"too long for a comment":    {"One two three four.\n\n<!--more-->\n\nFive", 12, "One two…"},
		"data first":                {"![](" + data + ")\n\nFirst words" + words, 13, "First words…"},
		"data of a reference":       {"![][cat]\n\n[cat]: " + data + "\n\nFirst words" + words, 13, "First words…"},
		"definitions first":         {definitions.String() + "\nFirst [words][link 7]" + words, 13, "First words…"},
		"a long comment first": {
			"<!--" + strings.Repeat(" note\n\n", 300) + "-->\n\nFirst words" + words, 13, "First words…"},
		"code first": {
			"```\n" + strings.Repeat("x := 1\n", 300) + "```\n\nFirst words" + words, 13, "First words…"},
		"parameters": {
			"https://example.com/?a=1&section=2 &sect;ion &section;", 60, "https://example.com/?a=1&section=2 §ion &section;"},
		"flags":              {flags, 12, strings.Repeat("🇩🇪", 5) + "…"},
		"decomposed accents": {strings.Repeat("e\u0301", 60), 12, strings.Repeat("e\u0301", 5) + "…"},
		"families": {
			"a" + strings.Repeat("👩‍👩‍👧", 9), 12, "a👩‍👩‍👧👩‍👩‍👧…"},
		"one sign too long":         {"e" + strings.Repeat("\u0301", 60), 12, "e" + strings.Repeat("\u0301", 10) + "…"},
		"images beside one another": {"![Cat](https://a.example/b)![Dog](https://a.example/c)!", 50, "Cat Dog !"},
		"an image with a caption":   {`![Cat](https://a.example/b "A cat")` + "\n\nNext", 50, "Next"},
		"images that do not load":   {"![Cat](http://a.example/b)![Dog](c.png)", 50, "Cat Dog"},
		"a list and a paragraph":    {"- 450 g flour\n- 50 g rye\n\nMix.", 50, "450 g flour; 50 g rye; Mix."},
		"a list of one":             {"- 450 g flour\n\n50 g rye", 50, "450 g flour; 50 g rye"},
		"only lists":                {"- a\n\n1. b", 50, "a; b"},
		"forbidden characters":      {"a&#1;b\x01", 50, "a\uFFFDb\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.Excerpt(test.content, test.limit); got != test.want {
				t.Errorf("the excerpt is %q, not %q", got, test.want)
			}
		})
	}
}

// TestAmong: texts beside one another have no id in common, and the links to them keep working.
func TestAmong(t *testing.T) {
	r := NewRenderer()
	rendered := r.render("# A\n\n[x](#a) [y](/p/z) [w](#top) b[^1] \" id=\"text-a\" href=\"/\n\n[^1]: c", Options{}).HTML
	first, second := models.NewID(), models.NewID()
	ids := map[string]bool{}
	for _, id := range []models.ID{first, second} {
		html := string(Among(rendered, id, "https://blog.example"))
		prefix := "text:" + id.Hex() + "-"
		for _, want := range []string{
			`<h2 id="` + prefix + `a">`, `<a href="#` + prefix + `a">x</a>`, `<a href="https://blog.example/p/z">y</a>`,
			`<a href="#top">w</a>`, `<sup id="` + prefix + `fnref:1"><a href="#` + prefix + `fn:1"`,
			`<li id="` + prefix + `fn:1">`,
			"&#34; id=&#34;text-a&#34; href=&#34;/</p>",
		} {
			if !strings.Contains(html, want) {
				t.Errorf("%s is not in %s", want, html)
			}
		}
		for _, part := range strings.Split(html, ` id="`)[1:] {
			value, _, _ := strings.Cut(part, `"`)
			if ids[value] {
				t.Errorf("two texts have the id %s", value)
			}
			ids[value] = true
		}
	}
	if len(ids) != 6 {
		t.Errorf("the ids are %v", ids)
	}
}

func TestMissing(t *testing.T) {
	for content, want := range map[string][]string{
		"![a](b.png) [c](d.html) ![e](http://f.example/g) [h](javascript:x) [i](//j.example) [k](?l)": {
			"b.png", "d.html", "http://f.example/g", "javascript:x", "//j.example", "?l"},
		"![a](https://b.example/c) [d](http://e.example) [f](#g) [h](/p/i) [j](mailto:k@l.example) <http://m.example>": nil,
		"![a][b]\n\n[b]: ../c.png":    {"../c.png"},
		"`![a](b.png)`\n\n    [c](d)": nil,
	} {
		got, err := NewRenderer().Missing(t.Context(), content)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q misses %q (%v), not %q", content, got, err, want)
		}
	}
	many, err := NewRenderer().Missing(t.Context(), fill("![a]("+strings.Repeat("x", 500)+")", maxContent))
	if err != nil || len(many) > 100 || len(many[0]) > 100 {
		t.Errorf("a hostile text misses %d: %v", len(many), err)
	}
}

// TestTooMuchCodeIsPlain: code is whole also where it is too much to be highlighted, or takes a lexer too long.
func TestTooMuchCodeIsPlain(t *testing.T) {
	r := NewRenderer()
	for name, content := range map[string]string{
		"much":        "```go\n" + strings.Repeat("x := 1\n", 12_000) + "```",
		"exponential": "```go\nx := \"" + fill(`\\`, 4_000) + "\n```",
	} {
		code := strings.TrimSuffix(strings.TrimPrefix(content, "```go\n"), "```")
		rendered := string(r.render(content, Options{}).HTML)
		want := `<code class="language-go">` + strings.ReplaceAll(code, `"`, "&#34;") + "</code>"
		if !strings.Contains(rendered, want) {
			t.Errorf("%s: it becomes %.200s", name, rendered)
		}
	}
	rendered := string(r.render(strings.Repeat("```go\nif x {}\n```\n\n", 3_000), Options{}).HTML)
	if highlighted := strings.Count(rendered, "<span"); highlighted < 100 || highlighted > maxTokens ||
		strings.Count(rendered, "x {}") != 3_000 {
		t.Errorf("%d of 3,000 are highlighted", highlighted)
	}
}
