package markdown

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// newPolicy returns what the HTML of a text may have: the elements that newHTMLRenderer writes, and no more.
func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	allow := func(attribute, pattern string, elements ...string) {
		p.AllowAttrs(attribute).Matching(regexp.MustCompile("^(?:" + pattern + ")$")).OnElements(elements...)
	}
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "code", "span",
		"figure", "figcaption", "em", "strong", "del", "sup", "div", "table", "thead", "tbody", "tr", "th", "td")
	allow("start", `[0-9]{1,9}`, "ol")
	allow("tabindex", `0`, "table", "pre")
	allow("class", `language-[A-Za-z0-9+#._-]{1,40}`, "code")
	allow("class", strings.Join(slices.Collect(maps.Values(codeClasses)), "|"), "span")
	allow("class", `align-(?:left|center|right)`, "th", "td")
	allow("class", `task`, "li")

	allow("id", idPrefix+`[-_`+letters+`]+`, "h2", "h3", "h4", "h5", "h6")
	allow("id", idPrefix+`fn(?:ref[0-9]*)?:[0-9]+`, "li", "sup")
	allow("class", `footnotes`, "div")
	allow("class", `footnote-(?:ref|backref)|anchor`, "a")
	allow("tabindex", `-1`, "a")
	allow("aria-hidden", `true`, "a")
	allow("role", `doc-endnotes`, "div")
	allow("role", `doc-(?:noteref|backlink)`, "a")

	p.RequireParseableURLs(true)
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true) // of these:
	allow("href", `(?i:https?|mailto):.*|#top|#`+idPrefix+`[^\x00-\x20]*|/(?:[^/\\\x00-\x20][^\\\x00-\x20]*)?`, "a")
	allow("rel", linkRelations[false]+"|"+linkRelations[true], "a")
	allow("src", `(?i:https)://.*`, "img")
	allow("loading", `lazy`, "img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("title").OnElements("a", "img")
	return p
}
