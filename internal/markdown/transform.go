package markdown

import (
	"bytes"
	"net/url"
	"slices"

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
	source, addresses := reader.Source(), 0
	keeps := func(address, title []byte, schemes ...string) bool {
		return take(&addresses, len(address)+len(title), maxAddresses) && hasScheme(address, schemes...)
	}
	var outline outline
	var unwrapped []ast.Node // not at once, because the walk goes on from them
	// The walk never fails.
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = outline.level(n.Level)
		case *ast.Link:
			if !keeps(n.Destination, n.Title, "http", "https", "mailto") {
				unwrapped = append(unwrapped, n)
			}
			n.SetAttributeString("rel", []byte(linkRelation))
		case *ast.AutoLink:
			if n.AutoLinkType == ast.AutoLinkURL && !hasScheme(n.URL(source), "http", "https", "mailto") {
				unwrapped = append(unwrapped, n)
			}
			n.SetAttributeString("rel", []byte(linkRelation))
		case *ast.Image:
			if !keeps(n.Destination, n.Title, "https") {
				unwrapped = append(unwrapped, n)
			}
			n.SetAttributeString("loading", []byte("lazy"))
		case *extensionast.TaskCheckBox:
			unwrapped = append(unwrapped, n)
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

// unwrap replaces a link or an image by its text, and the box of a task by a character: an <input> needs a label, and
// feed readers drop it.
func unwrap(n ast.Node, source []byte) {
	parent := n.Parent()
	switch n := n.(type) {
	case *ast.AutoLink:
		label := ast.NewString(bytes.Clone(n.Label(source)))
		label.SetRaw(true)
		parent.InsertBefore(parent, n, label)
	case *extensionast.TaskCheckBox:
		box := "☐ "
		if n.IsChecked {
			box = "☑ "
		}
		parent.InsertBefore(parent, n, ast.NewString([]byte(box)))
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
	return slices.Contains(schemes, u.Scheme) && (u.Host != "" || u.Scheme == "mailto" && u.Opaque != "")
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
