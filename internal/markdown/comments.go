package markdown

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A comment begins with the first, and ends with the second. "<!-->" is a whole one.
var startOfComment, endOfComment = []byte("<!--"), []byte("-->")

// comments parses comments, and no other HTML, between blocks. What stands behind a comment on its last line is text,
// where goldmark takes it as HTML too.
type comments struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p comments) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	line = line[max(pc.BlockOffset(), 0):]
	if !bytes.HasPrefix(line, startOfComment) || goesOn(line[2:]) > 0 { // or a paragraph begins with it
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// Continue implements parser.BlockParser.
func (p comments) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	line, _ := reader.PeekLine()
	first := node.Lines().At(0)
	if end := goesOn(line); end > 0 && !bytes.Contains(first.Value(reader.Source()), endOfComment) {
		reader.Advance(end)
		return parser.Close
	}
	return p.BlockParser.Continue(node, reader, pc)
}

// goesOn returns where a comment ends in a line if there is more than blanks behind it, or 0.
func goesOn(line []byte) int {
	if end := bytes.Index(line, endOfComment); end >= 0 && !util.IsBlank(line[end+len(endOfComment):]) {
		return end + len(endOfComment)
	}
	return 0
}

// inlineComments parses comments, and no other HTML, in a paragraph.
type inlineComments struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p inlineComments) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); !bytes.HasPrefix(line, startOfComment) {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// more matches the comment that ends the excerpt. In WordPress, it may have other words.
var more = regexp.MustCompile(`(?i)^ *<!--(?:\s*more\s*-->|more\s)`)

// isMore returns whether a node is that comment.
func isMore(n ast.Node, source []byte) bool {
	switch n := n.(type) {
	case *ast.RawHTML:
		return more.Match(n.Segments.Value(source))
	case *ast.HTMLBlock:
		return more.Match(n.Lines().Value(source))
	}
	return false
}
