package markdown

import (
	"bytes"
	"time"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// The bounds of what a text may cost. Without them, the time and the size of the result grow with the square of the
// text, and a text of 100,000 ">" needs a deep recursion. A text that somebody wrote to be read meets none of them.
//
// On one core of an AMD EPYC, the worst 100,000 characters known (BenchmarkRender) take 0.12 s and allocate 50 MB.
// Usual ones take 0.04 s and 20 MB, half of it for the colors of code.
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
	// footnoteWork is the work for a mark that may be a footnote's: it is compared with all of them.
	footnoteWork = 8 << 10
	// maxIDs is how many headings have an id.
	maxIDs = 1000
	// maxAddresses is how many bytes the addresses and titles of links and images have together. One that is defined
	// once can be used by many links.
	maxAddresses = 512 << 10
)

// usage is how much of the bounds a text has used, and what was found on the way.
type usage struct {
	containerWork, work int
	share               int         // divides the bounds: 1, or more for the beginning of a text
	coded               ast.Node    // the last block with code spans
	runs                map[int]int // where its last run of backticks of a length starts
	addressed           ast.Node    // the last block with what may be an address
	hasAddress          bool        // whether it may have one
	tokens              int         // of highlighted code
	codeTime            time.Duration
	missing             [][]byte // the addresses of links and images that a page does not have
	options             Options
	found               Rendered // without the HTML
}

var usageKey = parser.NewContextKey()

// usageOf returns the usage of the text that is being parsed.
func usageOf(pc parser.Context) *usage {
	return pc.ComputeIfAbsent(usageKey, func() any { return &usage{share: 1} }).(*usage)
}

// parse parses a text within the bounds that used has left.
func (r *Renderer) parse(source []byte, used *usage) ast.Node {
	pc := parser.NewContext()
	pc.Set(usageKey, used)
	return r.parser.Parse(text.NewReader(source), parser.WithContext(pc))
}

// take adds work if it stays within its bound, and returns whether it does.
func (u *usage) take(work int) bool { return take(&u.work, work, maxWork/u.share) }

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

// Parse implements parser.InlineParser.
func (p codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	used := usageOf(pc)
	if used.coded != parent {
		used.coded, used.runs = parent, map[int]int{}
		start, stop := extent(parent)
		for rest := block.Source()[start:stop]; bytes.IndexByte(rest, '`') >= 0; {
			run := rest[bytes.IndexByte(rest, '`'):]
			rest = bytes.TrimLeft(run, "`")
			used.runs[len(run)-len(rest)] = stop - len(run)
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

// addresses links the addresses in a text. Goldmark looks for one at each word, even if a paragraph can have none.
type addresses struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p addresses) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	used := usageOf(pc)
	if used.addressed != parent {
		start, stop := extent(parent)
		has := func(sign string) bool { return bytes.Contains(block.Source()[start:stop], []byte(sign)) }
		used.addressed, used.hasAddress = parent, has("://") || has("www.") || has("@")
	}
	if !used.hasAddress {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// limitedBlocks opens no list, quote or footnote that lies too deep, as a footnote does in another one, where goldmark
// would lose it. It ends those that are open once they have cost too much, and opens no further one.
type limitedBlocks struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p limitedBlocks) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	isBracket := line[max(pc.BlockOffset(), 0)] == '['
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		switch kind := n.Kind(); {
		case kind == ast.KindList, kind == ast.KindBlockquote:
			depth++
		case kind == extensionast.KindFootnote && isBracket:
			depth = maxDepth
		}
	}
	if depth >= maxDepth || isBracket && !takeNote(line, pc) || !takeContainerWork(reader, pc) {
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
	used := usageOf(pc)
	return take(&used.containerWork, 1, min(minContainerWork+2*len(reader.Source()), maxContainerWork/used.share))
}

// limitedMarks takes a mark as text once the work was too much.
type limitedMarks struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p limitedMarks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	start, stop := extent(parent)
	if !usageOf(pc).take(stop - start) {
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
	if usageOf(pc).take(definitions * (stop - start) / 2) {
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
	if columns > 0 && usageOf(pc).take(work) {
		t.ParagraphTransformer.Transform(paragraph, reader, pc)
	}
}

// limitedNotes takes the mark of a footnote as text once the work was too much.
type limitedNotes struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p limitedNotes) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); !takeNote(line, pc) {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// takeNote returns whether a line starts with the mark of a footnote and there is work left for it.
func takeNote(line []byte, pc parser.Context) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, " !"), []byte("[^")) && usageOf(pc).take(footnoteWork)
}
