package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/util"
)

// maxContent is how many characters a post has at most.
const maxContent = 100_000

// ofPost are the options of the page of a post: with them, a text becomes longest.
var ofPost = Options{Follow: true, Anchors: true}

// fill repeats a unit up to n bytes.
func fill(unit string, n int) string { return strings.Repeat(unit, n/len(unit)+1)[:n] }

// hostile returns texts of about n bytes that cost much: their time or their HTML grows with the square of n in a
// parser without bounds, or their HTML is many times as long as they are.
func hostile(n int) map[string]string {
	var backticks, list strings.Builder
	for i := 1; backticks.Len() < n; i++ {
		backticks.WriteString("a" + strings.Repeat("`", i))
	}
	for i := 0; list.Len() < n; i++ {
		list.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	texts := map[string]string{
		"backticks of all lengths": backticks.String()[:n],
		"a list in a list":         list.String()[:n],
		"brackets in brackets":     fill("[", n/2) + fill("]", n/2),
		"images in images":         fill("![", n/3) + fill("](x)", n-n/3),
		"emphasis in emphasis":     fill("**a ", n/2) + fill("b** ", n/2),
		"strikethrough":            fill("~~a ", n/2) + fill("b~~ ", n/2),
		"lines after quotes":       fill(">", n/2) + "a\n" + fill("a\n", n/2),
		"a table of columns":       "|" + fill("a|", n/3) + "\n|" + fill("-|", n/3) + "\n" + fill("a\n", n/3),
		"a table of rows":          "|" + fill("a|", n/9) + "\n|" + fill("-|", n/9) + "\n" + fill("a\n", n-2*n/9),
		"tables":                   fill("|a|b|c\n-|-|-|-\na\na\na\n\n", n),
		"escaped pipes":            "a|b\n-|-\n" + fill("`\\|\\|`|b\n", n),
		"a long address":           "[a]: https://" + fill("x", n/2) + "\n\n" + fill("[a]", n/2),
		"a long address, blocks":   "[a]: https://" + fill("x", n/2) + "\n\n" + fill("[a]\n\n", n/2),
		"one line after a list":    fill("- ", n/2) + "a\n" + fill("a\n", n/2),
		"quotes of 50 levels":      fill(fill(">", 50)+"\n\n", n),
		"lists of 50 levels":       fill(fill("- ", 100)+"a\n", n),
	}
	maps.Copy(texts, hostileLists(n))
	maps.Copy(texts, hostileCode(n))
	for _, unit := range []string{
		">", "> ", "- ", "1. ", "-\t>", "> - ", "[](", "[a](", "[a](<", "[a]((", "[a]: b\n", "[a]:\n", "[a]:\nb\n",
		"[a]: b\n(\n", "*a_ ", "*a **b", "**[a**](b", "\\``", "`", "<", "<a@b.c>", "a@b.c ", "http://a.b ",
		"&", "\"", "#\n", "-\n", "-     a\n", "\n", "\\```\n", "\\```\n](", ":---\n", "*www.a.b\n\n", " a@b.c", "===\n",
		"_www.", "~~www.", "_http://", "(ftp://a", "~www.a._", "_a@b._", "*http://a_", "http://a.b/)", "www.a ", " www",
		"[^1]", "[^", "[^1]: a\n", "[^1]:", "x[^1]\n\n[^1]: [^1]\n", "> [^1]: a\n\n", "- [^1]: a\n\n      b\n", "![^1]",
		"<!--", "<!--\n", "<!---->", "a<!--a", "<!--a-->a\n", "<!--more-->", "# a\n", "# a-1\n# a\n", "a\n-\n", "[a](#b)",
		"[a](/b)", "![a](b)", "- [ ] a\n", "```go\n```\n", "```go\na\n", "```x\na\n```\n", ";base64,",
	} {
		texts[fmt.Sprintf("%q", unit)] = fill(unit, n)
	}
	units := []string{"😀", "[😀]:😀\n", "[😀", "😀@b.c ", "_www.é", "😀|\n-|\n"}
	for _, unit := range units { // n characters, not bytes
		texts[fmt.Sprintf("%q", unit)] = strings.Repeat(unit, n/utf8.RuneCountInString(unit))
	}
	return texts
}

// hostileLists returns texts of about n bytes with many lines, most of them blank, in many lists.
func hostileLists(n int) map[string]string {
	texts := map[string]string{}
	for _, marker := range []string{"- ", "+ ", "1. ", "9) ", "> - ", "-\t", "- > "} {
		start := fill(marker, 49*len(marker))
		for _, blank := range []string{"\n", "\r\n", "\t\n", ">\n"} {
			name := fmt.Sprintf("%q, %q", marker, blank)
			texts[name] = fill(start+"a\n"+fill(blank, n), n-1) + "z"
			texts[name+", code"] = fill(start+"```\n"+fill(blank, n), n)
			texts[name+", again"] = fill(start+"a\n"+fill(blank, 2_000), n)
		}
	}
	return texts
}

// hostileCode returns texts of about n bytes with code that the expressions of lexers take long for.
func hostileCode(n int) map[string]string {
	texts := map[string]string{}
	units := []string{`"\\`, `/*`, `'\`, "(", "{{", "<a ", "a.", "#", "`${", "$", "0", "-- ", "\t", "<!--", "* a\n"}
	for _, language := range strings.Fields("go js python html c++ php perl markdown sql rust yaml css") {
		for _, unit := range units {
			start := "```` " + language + "\n"
			texts["code, "+language+fmt.Sprintf(" %q", unit)] = start + fill(unit, min(n, 16_000)-len(start)) + "\n````\n" +
				fill("- a\n", max(n-16_000, 0))
		}
	}
	for language, code := range exponentialCode() {
		texts["code, exponential, "+language] = fill("```"+language+"\n"+code+"\n```\n"+fill("- a\n", n), n)
	}
	var all strings.Builder
	for name := range lexers() {
		fmt.Fprintf(&all, "```%s\n\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\n```\n", name)
	}
	texts["code, all languages"] = fill(all.String(), n)
	return texts
}

// exponentialCode returns code that an expression of its lexer would need seconds for.
func exponentialCode() map[string]string {
	return map[string]string{
		"go": "x := \"" + fill(`\`, 4_000), "vue": "'" + fill(`\`, 4_000), "octave": fill("a<b,", 4_000),
	}
}

// usual returns a text of about n bytes as people write it.
func usual(n int) string {
	return fill("Some *text* with a [link](https://example.com/a) and `code`.\n\n"+
		"- one\n- two\n\n```go\nfunc f() {}\n```\n\n", n)
}

func TestHostileTextsAreBounded(t *testing.T) {
	r := NewRenderer()
	texts := hostile(maxContent)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		t.Run(name, func(t *testing.T) {
			rendered := string(r.render(texts[name], ofPost).HTML)
			if len(rendered) > MaxHTML {
				t.Errorf("it becomes %d bytes", len(rendered))
			}
			checkSafe(t, rendered)
			if depth := strings.Count(rendered, "<blockquote>"); name == `">"` && depth != 50 {
				t.Errorf("it becomes %d quotes in one another, not 50", depth)
			}
		})
	}
}

// TestBoundedParsersAgreeWithGoldmark renders short texts with the parsers of code and addresses, and with those of
// goldmark alone.
func TestBoundedParsersAgreeWithGoldmark(t *testing.T) {
	inline := func(code, address parser.InlineParser) goldmark.Markdown {
		return goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough),
			goldmark.WithParserOptions(parser.WithInlineParsers(util.Prioritized(code, 99), util.Prioritized(address, 999))))
	}
	linkify := extension.NewLinkifyParser(addressPatterns...)
	bounded := inline(codeSpans{parser.NewCodeSpanParser()}, addresses{linkify})
	plain := inline(parser.NewCodeSpanParser(), linkify)
	units := []string{
		"`", "``", "```", "a", "b", ".", "\\", "_", "~", "*", "(", ")", "[", "]", "/", ":", "-", ">", "<", "|", " ", "\t",
		"www.", "http://", "https://a.b", "ftp://x", "ö", "。", "\n", "\n\n", "a|b\n-|-\n",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var text strings.Builder
		for range 1 + random.IntN(12) {
			text.WriteString(units[random.IntN(len(units))])
		}
		var got, want bytes.Buffer
		err := errors.Join(bounded.Convert([]byte(text.String()), &got), plain.Convert([]byte(text.String()), &want))
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Fatalf("%q becomes %q, not %q", text.String(), got.String(), want.String())
		}
	}
}

// TestHostileTextsTakeLittleMemory wants a bound for a long text, and lower ones for a text that needs no slot and for
// an excerpt.
func TestHostileTextsTakeLittleMemory(t *testing.T) {
	r := NewRenderer()
	for _, c := range []struct {
		what  string
		size  int
		run   func(text string)
		bound uint64
	}{
		{"a long text", maxContent, func(text string) { r.render(text, ofPost) }, 50 << 20},
		{"a small text", smallText, func(text string) { r.render(text, ofPost) }, 12 << 20},
		{"an excerpt", maxContent, func(text string) { r.Excerpt(text, 200) }, 4 << 20},
	} {
		for name, text := range hostile(c.size) {
			if c.size == smallText && strings.Contains(text, "```") { // needs a slot
				continue
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.run(text)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > c.bound {
				t.Errorf("%s, %s: allocates %d kB", c.what, name, used>>10)
			}
		}
	}
}

func TestTooMuchHTMLShowsTheText(t *testing.T) {
	text := fill(fill(">", 50)+"\n\n", maxContent)
	rendered := string(NewRenderer().render(text, ofPost).HTML)
	if !strings.HasPrefix(rendered, "<pre>\n&gt;&gt;") || !strings.HasSuffix(rendered, "</pre>\n") ||
		strings.Contains(rendered, "<blockquote") {
		t.Errorf("it starts with %.40s", rendered)
	}
}

func TestTooManyDefinitionsStayAsTyped(t *testing.T) {
	r := NewRenderer()
	for _, unit := range []string{"[a]: b\n", " [a]:\nb\n", "[😀]:😀\n", "[a]: b\n(\n"} {
		if rendered := string(r.render(fill(unit, maxContent), ofPost).HTML); !strings.Contains(rendered, "]:") {
			t.Errorf("%q becomes %.100s", unit, rendered)
		}
	}
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "[%d]: https://example.com/notes/%d \"A note\"\n", i, i)
	}
	rendered := string(r.render("See [499].\n\n"+text.String(), ofPost).HTML)
	if !strings.Contains(rendered, `/notes/499"`) {
		t.Errorf("500 definitions become %.100s", rendered)
	}
}

// TestLongTextsAreWhole shows that what people write stays within the bounds.
func TestLongTextsAreWhole(t *testing.T) {
	unit := "## Heading\n\nSome *text* with a [link](https://example.com/a), `code`, **bold** and ~~old~~ words.\n\n" +
		"- one\n  - two\n    > three\n\n| a | b | c |\n|---|---|---|\n| 1 | 2 | `x\\|y` |\n\n```go\nfunc f() {}\n```\n\n"
	text := fill(unit, maxContent/len(unit)*len(unit))
	rendered := string(NewRenderer().render(text, ofPost).HTML)
	units := len(text) / len(unit)
	for _, element := range []string{
		">Heading<a href", "<em>text</em>", `<a href="https://example.com/a"`, "<code>code</code>", "<strong>bold</strong>",
		"<del>old</del>", "<li>two", "<blockquote>", "<table ", "<td><code>x|y</code></td>",
		`<pre tabindex="0"><code class="language-go">`,
	} {
		if n := strings.Count(rendered, element); n != units {
			t.Errorf("%d texts have %s %d times", units, element, n)
		}
	}
}

// TestDeepListsAreWhole renders ten lists in one another, with code that has blank lines, again and again.
func TestDeepListsAreWhole(t *testing.T) {
	for _, indent := range []string{"  ", "\t"} {
		var unit strings.Builder
		for depth := range 10 {
			fmt.Fprintf(&unit, "%s- A line of a list\n\n", strings.Repeat(indent, depth))
		}
		deepest := strings.Repeat(indent, 10)
		unit.WriteString(deepest + "```\n" + deepest + "one\n\n\n\n" + deepest + "two\n" + deepest + "```\n\n")
		unit.WriteString("Text\n\n```\none" + fill("\n", 50) + "two\n```\n\n")
		for _, units := range []int{1, maxContent / unit.Len()} {
			text := strings.Repeat(unit.String(), units)
			rendered, whole := string(NewRenderer().render(text, ofPost).HTML), new(bytes.Buffer)
			if err := goldmark.Convert([]byte(text), whole); err != nil {
				t.Fatal(err)
			}
			if want := strings.ReplaceAll(whole.String(), "<pre>", `<pre tabindex="0">`); rendered != want {
				t.Errorf("%d units with %q become %d bytes, not %d", units, indent, len(rendered), len(want))
			}
		}
	}
}

// TestTooManyLinesInListsStayAsTyped shows that the lists end at the bound, and that the text after them is shown.
func TestTooManyLinesInListsStayAsTyped(t *testing.T) {
	for _, start := range []string{"a\n", "```\n"} {
		text := fill("- ", 98) + start + fill("\n", 20_000)
		rendered := string(NewRenderer().render(text+fill(" ", 98)+"b\n\n- *c*\n", ofPost).HTML)
		if strings.Count(rendered, "<ul>") != 49 || strings.Count(rendered, "</ul>") != 49 ||
			!strings.Contains(rendered, "b\n</code>") ||
			!strings.HasSuffix(rendered, "<p>- <em>c</em></p>\n") {
			t.Errorf("%q: it ends with %q", start, rendered[len(rendered)-100:])
		}
	}
}

func BenchmarkRender(b *testing.B) {
	r := NewRenderer()
	texts := map[string]string{"usual, 2 kB": usual(2_000), "usual, 100 kB": usual(maxContent)}
	for name, text := range hostile(maxContent) {
		texts["hostile, "+name] = text
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.render(texts[name], ofPost)
			}
		})
	}
}

func BenchmarkExcerpt(b *testing.B) {
	r := NewRenderer()
	for name, text := range map[string]string{
		"usual": fill("Some *text* with a [link](https://example.com/a) and `code`.\n\n", maxContent),
		"[](":   fill("[](", maxContent),
		">":     fill(">", maxContent),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Excerpt(text, 200)
			}
		})
	}
}
