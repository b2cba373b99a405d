package markdown

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"gin-blog/models"
)

func render(t *testing.T, content string) string {
	t.Helper()
	rendered, err := NewRenderer().Render(t.Context(), content, Options{})
	if err != nil {
		t.Fatalf("render %.40q: %v", content, err)
	}
	return string(rendered.HTML)
}

func TestRenderMarkdown(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"a paragraph": {"Hello *you* and **all**, ~~not~~ `code`.",
			"<p>Hello <em>you</em> and <strong>all</strong>, <del>not</del> <code>code</code>.</p>"},
		"a line break":    {"a  \nb", "<p>a<br>\nb</p>"},
		"a list":          {"- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"},
		"an ordered list": {"3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"},
		"a task list":     {"- [x] a\n- [ ] b", "<ul>\n<li class=\"task\">☑ a</li>\n<li class=\"task\">☐ b</li>\n</ul>"},
		"a quote":         {"> a", "<blockquote>\n<p>a</p>\n</blockquote>"},
		"code": {"```go\nif a < b {}\n```", `<pre tabindex="0"><code class="language-go">` +
			"<span class=\"k\">if</span> a &lt; b {}\n</code></pre>"},
		"code of a strange language": {
			"```\"onload=x\na\n```", `<pre tabindex="0"><code>a` + "\n</code></pre>"},
		"a table": {"|a|b|c|d|\n|-|:-|:-:|-:|\n|1|2|3|4|", `<table tabindex="0">
<thead>
<tr>
<th>a</th>
<th class="align-left">b</th>
<th class="align-center">c</th>
<th class="align-right">d</th>
</tr>
</thead>
<tbody>
<tr>
<td>1</td>
<td class="align-left">2</td>
<td class="align-center">3</td>
<td class="align-right">4</td>
</tr>
</tbody>
</table>`},
		"a link": {`[a](https://example.com/?a=1&b=2 "t")`,
			`<p><a href="https://example.com/?a=1&amp;b=2" title="t" rel="nofollow noopener ugc">a</a></p>`},
		"a bare address": {"http://example.com",
			`<p><a href="http://example.com" rel="nofollow noopener ugc">http://example.com</a></p>`},
		"an e-mail address": {"<a@example.com>",
			`<p><a href="mailto:a@example.com" rel="nofollow noopener ugc">a@example.com</a></p>`},
		"an image": {"![a *b*](https://example.com/c.png)",
			`<p><img src="https://example.com/c.png" alt="a b" loading="lazy"></p>`},
		"an image with a title in words": {`a ![b](https://example.com/c.png "d")`,
			`<p>a <img src="https://example.com/c.png" alt="b" title="d" loading="lazy"></p>`},
		"an image with a caption": {"![a *b*](https://example.com/c.png \"d &amp; \\*e\\* <i>\")",
			"<figure>\n<img src=\"https://example.com/c.png\" alt=\"a b\" loading=\"lazy\">\n" +
				"<figcaption>d &amp; *e* &lt;i&gt;</figcaption>\n</figure>"},
		"an image by http": {"![a *b*](http://example.com/c.png)", "<p>a <em>b</em></p>"},
		"a link of an image": {"[![a](https://example.com/c.png)](https://example.com)",
			`<p><a href="https://example.com" rel="nofollow noopener ugc">` +
				`<img src="https://example.com/c.png" alt="a" loading="lazy"></a></p>`},
		"a relative link":               {"[a](b.html) [b](?c) [c](//example.com)", "<p>a b c</p>"},
		"a relative link with an image": {"[![a](b.png)](c)", "<p>a</p>"},
		"a rule":                        {"a\n\n---", "<p>a</p>\n<hr>"},
		"an entity":                     {"&amp; &copy; \\*", "<p>&amp; © *</p>"},
		"headings": {
			"# a\n## b\n# c", "<h2 id=\"text-a\">a</h2>\n<h3 id=\"text-b\">b</h3>\n<h2 id=\"text-c\">c</h2>"},
		"headings that start below": {
			"### a\n### b\n# c", "<h2 id=\"text-a\">a</h2>\n<h2 id=\"text-b\">b</h2>\n<h2 id=\"text-c\">c</h2>"},
		"headings that leave out levels": {"# a\n##### b\n### c\n# d", `<h2 id="text-a">a</h2>
<h3 id="text-b">b</h3>
<h3 id="text-c">c</h3>
<h2 id="text-d">d</h2>`},
		"headings that go too deep": {"# 1\n## 2\n### 3\n#### 4\n##### 5\n###### 6",
			`<h2 id="text-1">1</h2>
<h3 id="text-2">2</h3>
<h4 id="text-3">3</h4>
<h5 id="text-4">4</h5>
<h6 id="text-5">5</h6>
<h6 id="text-6">6</h6>`},
		"no attributes":            {"# a {#b .c onclick=d}", `<h2 id="text-a-b-c-onclickd">a {#b .c onclick=d}</h2>`},
		"lines that end with CRLF": {"a\r\n\r\n- b\r\n", "<p>a</p>\n<ul>\n<li>b</li>\n</ul>"},
		"nothing":                  {" \n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.TrimSpace(render(t, test.content)); got != test.want {
				t.Errorf("%q is rendered as\n%s\nnot as\n%s", test.content, got, test.want)
			}
		})
	}
}

// TestOptions: the page of a post has links of its author, and headings with links to themselves. Other pages do not.
func TestOptions(t *testing.T) {
	const content = "# Ä <b> & [x](https://a.example)\n# A\n# A\n# !\n\n" +
		"<b@c.example> https://d.example [e](/p/f) [g](#a) ![h](https://i.example) j[^1]\n\n[^1]: k\n"
	const anchor = `class="anchor" tabindex="-1" aria-hidden="true"></a></h2>`
	foreign, own := ` rel="nofollow noopener ugc"`, ` rel="noopener"`
	anchors := []string{
		`<h2 id="text-ä-b--x">Ä &lt;b&gt; &amp; <a href="https://a.example" rel="`,
		`x</a><a href="#text-%C3%A4-b--x" ` + anchor,
		`<h2 id="text-a">A<a href="#text-a" ` + anchor, `<h2 id="text-a-1">A<a href="#text-a-1" ` + anchor,
	}
	for _, test := range []struct {
		o          Options
		has, lacks []string
	}{
		{Options{}, []string{foreign, `<h2 id="text-a">A</h2>`}, []string{own, "anchor"}},
		{Options{Follow: true}, []string{own, `<h2 id="text-a">A</h2>`}, []string{foreign, "anchor"}},
		{Options{Anchors: true}, append(anchors, foreign), []string{own}},
		{ofPost, append(anchors, own), []string{foreign}},
	} {
		rendered, err := NewRenderer().Render(t.Context(), content, test.o)
		if err != nil {
			t.Fatal(err)
		}
		html := string(rendered.HTML)
		checkSafe(t, html)
		for _, want := range append(test.has, "<h2>!</h2>", `<a href="/p/f">e</a>`, `<a href="#text-a">g</a>`) {
			if !strings.Contains(html, want) {
				t.Errorf("%+v: no %s in\n%s", test.o, want, html)
			}
		}
		for _, wrong := range test.lacks {
			if strings.Contains(html, wrong) {
				t.Errorf("%+v: %s is in\n%s", test.o, wrong, html)
			}
		}
		if relations := strings.Count(html, ` rel="`); relations != 3 {
			t.Errorf("%+v: %d links say who answers for them in\n%s", test.o, relations, html)
		}
	}
}

// TestWhatATextHas: its headings and its first image are as its page shows them, for every page.
func TestWhatATextHas(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		want    Rendered
	}{
		"nothing": {"Hello", Rendered{}},
		"headings": {"### One &amp; *two* `<3` [^1]\n##### b\n###### c\n# One & two <3\n\n> b\n> =\n\n[^1]: # d",
			Rendered{Outline: []Heading{
				{"text-one--two-3", "One & two <3", 2}, {"text-b", "b", 3}, {"text-one--two-3-1", "One & two <3", 2},
				{"text-b-1", "b", 2}, {"text-d", "d", 2},
			}}},
		"headings without an id": {"# !\n# " + strings.Repeat("a", maxID+1), Rendered{}},
		"the first image": {"![a](b.png) [![c](<https://d.example/e f?g=1&section=2&amp;h=\"ä>)](j) ![k](https://l.example)",
			Rendered{Image: "https://d.example/e%20f?g=1&section=2&h=%22%C3%A4"}},
		"an image that does not load": {"![a](http://b.example) ![c](/d.png) `![e](https://f.example)`", Rendered{}},
		"an image of a reference":     {"![a][b]\n\n[b]: https://c.example/d 'e'", Rendered{Image: "https://c.example/d"}},
		"as it was typed":             {"# a\n![b](https://c.example)\n" + fill(fill(">", 50)+"\n\n", 99_000), Rendered{}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, o := range []Options{{}, ofPost} {
				got, err := NewRenderer().Render(t.Context(), test.content, o)
				if got.HTML = ""; err != nil || !reflect.DeepEqual(got, test.want) {
					t.Errorf("with %+v, it has %+v, %v, not %+v", o, got, err, test.want)
				}
			}
		})
	}
}

func TestRenderKeepsResults(t *testing.T) {
	r := NewRenderer()
	long := strings.Repeat("word ", 100_000/5)
	for i := range 100 {
		content := long + strings.Repeat("x", i)
		if _, err := r.Render(t.Context(), content, Options{}); err != nil {
			t.Fatal(err)
		}
		if _, kept := r.kept.Peek(cacheKey{content: sha256.Sum256([]byte(content))}); !kept {
			t.Fatalf("result %d is not kept", i)
		}
	}
	if _, kept := r.kept.Peek(cacheKey{content: sha256.Sum256([]byte(long))}); !kept {
		t.Error("the first result is gone although there is room")
	}
	for i := range 100 {
		if _, err := r.Render(t.Context(), long+strings.Repeat("y", i+1), Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, kept := r.kept.Peek(cacheKey{content: sha256.Sum256([]byte(long))}); kept {
		t.Error("the first result is still kept after 20 MB more")
	}
	size := int64(0)
	for _, rendered := range r.kept.Values() {
		size += keptSize(rendered)
	}
	if size != r.size.Load() || size > maxKept || size < maxKept/2 {
		t.Errorf("%d bytes are kept, and %d are counted, of %d", size, r.size.Load(), maxKept)
	}
}

func TestRenderWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRenderer()
		short, long := "short", strings.Repeat("long ", smallText/5+1)
		for r.slots.TryAcquire(1) {
		}
		if _, err := r.Render(t.Context(), short, Options{}); err != nil {
			t.Errorf("a short text waits for the long ones: %v", err)
		}
		_, err := r.Render(t.Context(), long, Options{})
		if !errors.Is(err, ErrBusy) || models.KindOf(err) != models.Unavailable {
			t.Errorf("a long text gets %v, not ErrBusy", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Render(ctx, long, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("a request that was canceled gets %v", err)
		}
		r.slots.Release(1)
		var waiting sync.WaitGroup
		for range 10 { // they take turns
			waiting.Go(func() {
				if _, err := r.Render(t.Context(), long, Options{}); err != nil {
					t.Errorf("with a free slot: %v", err)
				}
			})
		}
		waiting.Wait()
	})
}
