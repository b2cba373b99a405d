package markdown

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The bounds of what a text may cost. Without them, the time and the size of the result grow with the square of the
// text, and a text of 100,000 ">" needs a deep recursion. A text that somebody wrote to be read meets none of them.
//
// On one core of an AMD EPYC, the worst 100,000 characters known (BenchmarkRender) take 0.12 s and allocate 50 MB.
// Usual ones take 0.03 s and 10 MB.
const (
	// maxDepth is how many lists and quotes may contain one another.
	maxDepth = 50
	// minContainerWork, and two for each byte of the text, bound the work for lists and quotes: each costs one for
	// every line that it may go on with. Lines with words pay by their indents, so only blank lines reach the bound.
	minContainerWork = 2 << 10
	// maxContainerWork is the bound for long texts.
	maxContainerWork = 128 << 10
	// maxWork bounds all other work, in bytes that the parser looks at. A mark of emphasis, strikethrough or a link may
	// make it look through the whole paragraph.
	maxWork = 16 << 20
	// cellWork is the work for a cell of a table. A row with too few cells is filled up.
	cellWork = 512
	// escapedPipeWork is the work for a "\|" in a paragraph with a table.
	escapedPipeWork = 8 << 10
	// maxAddresses is how many bytes the addresses and titles of links and images have together. One that is defined
	// once can be used by many links.
	maxAddresses = 512 << 10
)

// usage is how much of the bounds a text has used.
type usage struct {
	containerWork, work int
	block               ast.Node    // the last one with code spans
	runs                map[int]int // where its last run of backticks of a length starts
}

var usageKey = parser.NewContextKey()

// usageOf returns the usage of the text that is being parsed.
func usageOf(pc parser.Context) *usage {
	return pc.ComputeIfAbsent(usageKey, func() any { return &usage{} }).(*usage)
}

// take adds n to used if it stays within the bound, and returns whether it does.
func take(used *int, n, bound int) bool {
	if n > bound-*used {
		return false
	}
	*used += n
	return true
}

// extent returns where the lines of a block start and stop in the source.
func extent(block ast.Node) (start, stop int) {
	lines := block.Lines()
	return lines.At(0).Start, lines.At(lines.Len() - 1).Stop
}

// codeSpans finds code spans in linear time: it looks for the end of one only if there is an end.
type codeSpans struct{ parser.InlineParser }

var backticks = regexp.MustCompile("`+")

// Parse implements parser.InlineParser.
func (p codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	used := usageOf(pc)
	if used.block != parent {
		used.block, used.runs = parent, map[int]int{}
		start, stop := extent(parent)
		for _, run := range backticks.FindAllIndex(block.Source()[start:stop], -1) {
			used.runs[run[1]-run[0]] = start + run[0]
		}
	}
	line, segment := block.PeekLine()
	length := len(line) - len(bytes.TrimLeft(line, "`"))
	if used.runs[length] > segment.Start {
		return p.InlineParser.Parse(parent, block, pc)
	}
	block.Advance(length)
	return ast.NewTextSegment(segment.WithStop(segment.Start + length))
}

// addresses links the addresses in a text. It looks for the end of a host itself, because the regular expressions of
// goldmark take long to find that there is none.
type addresses struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p addresses) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if strings.IndexByte(" *_~(", line[0]) >= 0 {
		line = line[1:]
	}
	for _, start := range []string{"www.", "http://", "https://", "ftp://"} {
		if rest, found := bytes.CutPrefix(line, []byte(start)); found && !startsWithHost(rest) {
			return nil
		}
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// startsWithHost returns whether goldmark finds a host: up to 256 characters, a dot, and a letter.
func startsWithHost(s []byte) bool {
	for i, c := range s[:min(len(s), 257)] {
		if c == '.' && i > 0 && i+1 < len(s) && 'a' <= s[i+1] && s[i+1] <= 'z' {
			return true
		}
		if !util.IsAlphaNumeric(c) && strings.IndexByte("-@:%._+~#=", c) < 0 {
			return false
		}
	}
	return false
}

// limitedBlocks opens no list or quote that lies too deep. It ends those that are open once they have cost too much,
// and opens no further one.
type limitedBlocks struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p limitedBlocks) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		if kind := n.Kind(); kind == ast.KindList || kind == ast.KindBlockquote {
			depth++
		}
	}
	if depth >= maxDepth || !takeContainerWork(reader, pc) {
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// Continue implements parser.BlockParser.
func (p limitedBlocks) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	if !takeContainerWork(reader, pc) {
		return parser.Close
	}
	return p.BlockParser.Continue(node, reader, pc)
}

func takeContainerWork(reader text.Reader, pc parser.Context) bool {
	bound := min(minContainerWork+2*len(reader.Source()), maxContainerWork)
	return take(&usageOf(pc).containerWork, 1, bound)
}

// limitedMarks takes a mark as text once the work was too much.
type limitedMarks struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p limitedMarks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	start, stop := extent(parent)
	if !take(&usageOf(pc).work, stop-start, maxWork) {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// CloseBlock implements parser.CloseBlocker.
func (p limitedMarks) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if closer, ok := p.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, block, pc)
	}
}

// limitedReferences leaves a paragraph as it is if its definitions of links, such as "[a]: https://example.com", would
// cost too much. Each may make the parser look through the whole paragraph, as a mark does, but twice as fast.
type limitedReferences struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (t limitedReferences) Transform(paragraph *ast.Paragraph, reader text.Reader, pc parser.Context) {
	start, stop := extent(paragraph)
	definitions := bytes.Count(reader.Source()[start:stop], []byte("]:"))
	if take(&usageOf(pc).work, definitions*(stop-start)/2, maxWork) {
		t.ParagraphTransformer.Transform(paragraph, reader, pc)
	}
}

// limitedTables leaves a paragraph as it is if its table would have too many cells.
type limitedTables struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (t limitedTables) Transform(paragraph *ast.Paragraph, reader text.Reader, pc parser.Context) {
	start, stop := extent(paragraph)
	columns := 0
	for line := range bytes.Lines(reader.Source()[start:stop]) {
		if len(bytes.Trim(line, ">|-: \t\r\n")) == 0 { // it may be the line below the header
			columns = max(columns, bytes.Count(line, []byte{'|'})+1)
		}
	}
	escaped := bytes.Count(reader.Source()[start:stop], []byte(`\|`))
	work := columns*paragraph.Lines().Len()*cellWork + escaped*escapedPipeWork
	if columns > 0 && take(&usageOf(pc).work, work, maxWork) {
		t.ParagraphTransformer.Transform(paragraph, reader, pc)
	}
}
