package markdown

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Lost returns the addresses of those images and links of a text that its page does not show.
func Lost(content string) (addresses []string) {
	var typed references
	p := newParser()
	p.AddOptions(parser.WithASTTransformers(util.Prioritized(&typed, 50))) // before transformer takes any out
	p.Parse(text.NewReader([]byte(content)))
	for node, address := range typed {
		if node.Parent() == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// references are the addresses of the images and links of a text.
type references map[ast.Node]string

// Transform implements parser.ASTTransformer.
func (r *references) Transform(document *ast.Document, _ text.Reader, _ parser.Context) {
	*r = references{}
	_ = ast.Walk(document, func(n ast.Node, _ bool) (ast.WalkStatus, error) { // never fails
		switch n := n.(type) {
		case *ast.Image:
			(*r)[n] = string(n.Destination)
		case *ast.Link:
			(*r)[n] = string(n.Destination)
		}
		return ast.WalkContinue, nil
	})
}
