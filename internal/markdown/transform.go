package markdown

import (
	"bytes"
	"net/url"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// linkRelation says that a link comes from a user of the site: search engines do not count it.
const linkRelation = "nofollow noopener ugc"

// transformer makes a parsed text fit into a page.
type transformer struct{}

// Transform implements parser.ASTTransformer.
func (transformer) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	source := reader.Source()
	var outline outline
	var unwrapped []ast.Node
	// The walk never fails.
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = outline.level(n.Level)
		case *ast.Link:
			if !hasScheme(n.Destination, "http", "https", "mailto") {
				unwrapped = append(unwrapped, n)
			}
			n.SetAttributeString("rel", []byte(linkRelation))
		case *ast.AutoLink:
			if n.AutoLinkType == ast.AutoLinkURL && !hasScheme(n.URL(source), "http", "https", "mailto") {
				unwrapped = append(unwrapped, n)
			}
			n.SetAttributeString("rel", []byte(linkRelation))
		case *ast.Image:
			if !hasScheme(n.Destination, "https") {
				unwrapped = append(unwrapped, n)
			}
			n.SetAttributeString("loading", []byte("lazy"))
		case *extensionast.Table: // on a narrow screen it scrolls, also by the keyboard
			n.SetAttributeString("tabindex", []byte("0"))
		case *extensionast.TableCell:
			if n.Alignment != extensionast.AlignNone {
				n.SetAttributeString("class", []byte("align-"+n.Alignment.String()))
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range unwrapped {
		unwrap(n, source)
	}
}

// unwrap replaces a link or an image by its text.
func unwrap(n ast.Node, source []byte) {
	parent := n.Parent()
	if link, ok := n.(*ast.AutoLink); ok {
		label := ast.NewString(bytes.Clone(link.Label(source)))
		label.SetRaw(true)
		parent.InsertBefore(parent, n, label)
	}
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child) // removes it from n
	}
	parent.RemoveChild(parent, n)
}

// hasScheme returns whether an address is absolute and has one of these schemes.
func hasScheme(address []byte, schemes ...string) bool {
	u, err := url.Parse(string(address))
	if err != nil {
		return false
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			return u.Host != "" || scheme == "mailto" && u.Opaque != ""
		}
	}
	return false
}

// outline turns the levels of headings, as they were typed, into levels below a page's h1. A heading is one level below
// the last one that was typed with a smaller level, so no level is left out.
type outline struct{ open []int }

// level returns the level of the next heading, 2 to 6.
func (o *outline) level(typed int) int {
	for len(o.open) > 0 && o.open[len(o.open)-1] >= typed {
		o.open = o.open[:len(o.open)-1]
	}
	o.open = append(o.open, typed)
	return min(1+len(o.open), 6)
}
