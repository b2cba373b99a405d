package markdown

import (
	"bytes"
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
	// maxMarkWork bounds the work for brackets, emphasis and strikethrough. Each such mark may make the parser look
	// through the whole paragraph, so it costs the length of the paragraph, in bytes.
	maxMarkWork = 16 << 20
	// maxReferenceWork bounds the work for the definitions of links, such as "[a]: https://example.com". Each may make the
	// parser look through the whole paragraph, as a mark does, but faster.
	maxReferenceWork = 32 << 20
	// maxCells is how many cells the tables have together. A row with too few cells is filled up.
	maxCells = 30_000
	// maxEscapedPipes is how many "\|" the paragraphs with tables may have together.
	maxEscapedPipes = 2_000
	// maxAddresses is how many bytes the addresses and titles of links and images have together. One that is defined
	// once can be used by many links.
	maxAddresses = 512 << 10
)

// usage is how much of the bounds a text has used.
type usage struct {
	containerWork, markWork, referenceWork, cells, escapedPipes, addresses int
	backticks                                                              backticks
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

// codeSpans finds code spans in linear time: it looks for the end of one only if there is an end.
type codeSpans struct{ parser.InlineParser }

// backticks are the runs of backticks in a block.
type backticks struct {
	block ast.Node
	last  map[int]int // where the last run of a length starts
}

// Parse implements parser.InlineParser.
func (p codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	length := len(line) - len(bytes.TrimLeft(line, "`"))
	if backticksOf(parent, block.Source(), pc).last[length] > segment.Start {
		return p.InlineParser.Parse(parent, block, pc)
	}
	block.Advance(length)
	return ast.NewTextSegment(segment.WithStop(segment.Start + length))
}

// backticksOf returns the backticks of the block that is being parsed.
func backticksOf(block ast.Node, source []byte, pc parser.Context) *backticks {
	found := &usageOf(pc).backticks
	if found.block == block {
		return found
	}
	found.block, found.last = block, map[int]int{}
	for _, segment := range block.Lines().Sliced(0, block.Lines().Len()) {
		for at := segment.Start; at < segment.Stop; at++ {
			start := at
			for at < segment.Stop && source[at] == '`' {
				at++
			}
			if at > start {
				found.last[at-start] = start
			}
		}
	}
	return found
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

// limitedMarks takes a mark as text once the marks have cost too much.
type limitedMarks struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p limitedMarks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	size := 1
	if lines := parent.Lines(); lines.Len() > 0 {
		size += lines.At(lines.Len()-1).Stop - lines.At(0).Start
	}
	if !take(&usageOf(pc).markWork, size, maxMarkWork) {
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

// limitedLinks removes the address of a link or an image once the addresses are too long together.
type limitedLinks struct{ limitedMarks }

// Parse implements parser.InlineParser.
func (p limitedLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	n := p.limitedMarks.Parse(parent, block, pc)
	switch n := n.(type) {
	case *ast.Link:
		n.Destination, n.Title = limitAddress(pc, n.Destination, n.Title)
	case *ast.Image:
		n.Destination, n.Title = limitAddress(pc, n.Destination, n.Title)
	}
	return n
}

func limitAddress(pc parser.Context, address, title []byte) (limitedAddress, limitedTitle []byte) {
	if !take(&usageOf(pc).addresses, len(address)+len(title), maxAddresses) {
		return nil, nil
	}
	return address, title
}

// limitedReferences leaves a paragraph as it is if its definitions of links would cost too much.
type limitedReferences struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (t limitedReferences) Transform(paragraph *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines, definitions, size := paragraph.Lines(), 0, 0
	for i := range lines.Len() {
		segment := lines.At(i)
		size += segment.Len()
		if bytes.HasPrefix(bytes.TrimLeft(segment.Value(reader.Source()), " \t"), []byte{'['}) {
			definitions++
		}
	}
	if take(&usageOf(pc).referenceWork, definitions*size, maxReferenceWork) {
		t.ParagraphTransformer.Transform(paragraph, reader, pc)
	}
}

// limitedTables leaves a paragraph as it is if its table would have too many cells.
type limitedTables struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (t limitedTables) Transform(paragraph *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines, columns, escaped := paragraph.Lines(), 0, 0
	for i := range lines.Len() {
		segment := lines.At(i)
		line := segment.Value(reader.Source())
		escaped += bytes.Count(line, []byte(`\|`))
		if len(bytes.Trim(line, "|-: \t\r\n")) == 0 { // it may be the line below the header
			columns = max(columns, bytes.Count(line, []byte{'|'})+1)
		}
	}
	if columns == 0 {
		return
	}
	used := usageOf(pc)
	if take(&used.cells, columns*lines.Len(), maxCells) && take(&used.escapedPipes, escaped, maxEscapedPipes) {
		t.ParagraphTransformer.Transform(paragraph, reader, pc)
	}
}
