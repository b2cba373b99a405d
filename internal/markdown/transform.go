package markdown

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

const (
	// idPrefix begins all ids of a text. No id of the pages, and no property of a document, begins with it.
	idPrefix = "text-"
	// maxID is how many bytes the id of a heading has at most, without the prefix. A longer heading has none.
	maxID = 300
)

// linkRelations are what a link says of itself, by whether search engines follow it.
var linkRelations = map[bool]string{false: "nofollow noopener ugc", true: "noopener"}

// transformer makes a parsed text fit into a page.
type transformer struct{}

// transformation is what a transformer knows while it walks.
type transformation struct {
	source    []byte
	used      *usage
	addresses int // bytes of the addresses and titles so far
	levels    levels
	ids       map[string]int // how often each id of a heading was wanted
	unwrapped []ast.Node     // not at once, because the walk goes on from them
}

// Transform implements parser.ASTTransformer.
func (transformer) Transform(document *ast.Document, reader text.Reader, pc parser.Context) {
	t := transformation{source: reader.Source(), used: usageOf(pc), ids: map[string]int{}}
	// The walk never fails.
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			t.enter(n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range t.unwrapped {
		unwrap(n, t.source)
	}
}

// enter transforms a node.
func (t *transformation) enter(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		n.Level = t.levels.next(n.Level)
		plain := (&collector{source: t.source, all: true}).text(n)
		if id := t.id(plain); id != "" {
			t.addHeading(n, Heading{idPrefix + id, plain, n.Level})
		}
	case *ast.Link:
		n.Destination = t.keep(n, n.Destination, n.Title, "http", "https", "mailto", "#", "/")
		if len(n.Destination) > 0 && !bytes.ContainsAny(n.Destination[:1], "#/") {
			n.SetAttributeString("rel", []byte(linkRelations[t.used.options.Follow]))
		}
	case *ast.AutoLink:
		if n.AutoLinkType == ast.AutoLinkURL && target(n.URL(t.source), "http", "https", "mailto") == nil {
			t.unwrapped = append(t.unwrapped, n)
		}
		n.SetAttributeString("rel", []byte(linkRelations[t.used.options.Follow]))
	case *ast.Image:
		if n.Destination = t.keep(n, n.Destination, n.Title, "https"); n.Destination != nil {
			t.addImage(n)
		}
	case *ast.FencedCodeBlock:
		n.SetAttributeString("used", t.used) // to highlight it
	case *extensionast.TaskCheckBox:
		t.unwrapped = append(t.unwrapped, n)
		n.Parent().Parent().SetAttributeString("class", []byte("task"))
	case *extensionast.Table: // on a narrow screen it scrolls, also by the keyboard
		n.SetAttributeString("tabindex", []byte("0"))
	case *extensionast.TableCell:
		if n.Alignment != extensionast.AlignNone {
			n.SetAttributeString("class", []byte("align-"+n.Alignment.String()))
		}
	}
}

// addHeading adds a heading to the outline, and gives it a link to itself if that is wanted. The sign of the link is in
// the style sheet, and nothing reads it aloud: so the text of the heading stays as it is, in every language.
func (t *transformation) addHeading(n ast.Node, h Heading) {
	n.SetAttributeString("id", []byte(h.ID))
	if h.Level <= 3 {
		t.used.found.Outline = append(t.used.found.Outline, h)
	}
	if t.used.options.Anchors {
		n.AppendChild(n, htmlText(`<a href="#`+h.ID+`" class="anchor" tabindex="-1" aria-hidden="true"></a>`))
	}
}

// addImage transforms an image that the page shows. One with a title that is alone in its paragraph becomes a figure.
func (t *transformation) addImage(n *ast.Image) {
	n.SetAttributeString("loading", []byte("lazy"))
	t.used.found.Image = cmp.Or(t.used.found.Image, string(util.URLEscape(n.Destination, true)))
	if p := n.Parent(); p.Kind() == ast.KindParagraph && p.ChildCount() == 1 && !util.IsBlank(n.Title) {
		p.InsertBefore(p, n, htmlText("<figure>\n"))
		p.AppendChild(p, htmlText("\n<figcaption>"))
		p.AppendChild(p, ast.NewString(n.Title))
		p.AppendChild(p, htmlText("</figcaption>\n</figure>\n"))
		n.Title, t.unwrapped = nil, append(t.unwrapped, p)
	}
}

// keep returns the target of a link or an image, see target. It unwraps one that has none, or for whose address and
// title there is no room, and returns nil.
func (t *transformation) keep(n ast.Node, address, title []byte, kinds ...string) []byte {
	if take(&t.addresses, len(address)+len(title), maxAddresses) {
		if target := target(address, kinds...); target != nil {
			return target
		}
	}
	t.unwrapped = append(t.unwrapped, n)
	t.used.missing = append(t.used.missing, address)
	return nil
}

// target returns where an address leads on the page of a text, if that is of one of some kinds: a scheme, "#" for a
// heading of the text, or "/" for a path of this site. It returns nil for others: relative ones have no known base.
func target(address []byte, kinds ...string) []byte {
	typed := util.URLEscape(address, true)
	u, err := url.Parse(string(typed))
	if err != nil || len(typed) == 0 {
		return nil
	}
	kind := u.Scheme
	if kind == "" {
		kind = string(typed[:1])
	}
	switch {
	case !slices.Contains(kinds, kind), u.Scheme != "" && u.Host == "" && u.Opaque == "", kind == "/" && u.Host != "",
		u.Opaque != "" && kind != "mailto", bytes.ContainsRune(typed, '\\'):
		return nil
	case kind == "#" && (u.Fragment == "" || u.Fragment == "top"):
		return []byte("#top")
	case kind == "#":
		return []byte("#" + idPrefix + slug(u.Fragment))
	}
	return address
}

// id returns the id of a heading with a text, as GitHub makes it. A second one with the same text has a number.
func (t *transformation) id(heading string) string {
	if len(t.ids) >= maxIDs/t.used.share {
		return ""
	}
	wanted := slug(heading)
	id := wanted
	for n, taken := t.ids[wanted]; taken; n++ {
		t.ids[wanted] = n + 1
		id = wanted + "-" + strconv.Itoa(n)
		_, taken = t.ids[id]
	}
	if len(id) == 0 || len(id) > maxID {
		return ""
	}
	t.ids[id] = max(t.ids[id], 1)
	return id
}

// slug returns a text in lower case, with hyphens for spaces and without signs.
func slug(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.In(r, unicode.L, unicode.M, unicode.N):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// unwrap replaces a link or an image by its text, a paragraph by what is in it, and the box of a task by a character:
// an <input> needs a label, and feed readers drop it.
func unwrap(n ast.Node, source []byte) {
	parent := n.Parent()
	switch n := n.(type) {
	case *ast.AutoLink:
		parent.InsertBefore(parent, n, rawText(bytes.Clone(n.Label(source))))
	case *extensionast.TaskCheckBox:
		box := "☐ "
		if n.IsChecked {
			box = "☑ "
		}
		parent.InsertBefore(parent, n, ast.NewString([]byte(box)))
	case *ast.Image: // two images beside one another are not one word
		if n.PreviousSibling() != nil {
			parent.InsertBefore(parent, n, rawText([]byte(" ")))
		}
		if n.NextSibling() != nil {
			parent.InsertAfter(parent, n, rawText([]byte(" ")))
		}
	}
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child) // removes it from n
	}
	parent.RemoveChild(parent, n)
}

// htmlText returns a node with HTML, of which excerpts have nothing.
func htmlText(s string) ast.Node {
	n := ast.NewString([]byte(s))
	n.SetCode(true)
	return n
}

// rawText returns a node with a text that has no references.
func rawText(s []byte) ast.Node {
	n := ast.NewString(s)
	n.SetRaw(true)
	return n
}

// levels turns the levels of headings, as they were typed, into levels below a page's h1. A heading is one level below
// the last one that was typed with a smaller level, so no level is left out.
type levels struct{ open []int }

// next returns the level of the next heading, 2 to 6.
func (l *levels) next(typed int) int {
	for len(l.open) > 0 && l.open[len(l.open)-1] >= typed {
		l.open = l.open[:len(l.open)-1]
	}
	l.open = append(l.open, typed)
	return min(1+len(l.open), 6)
}
