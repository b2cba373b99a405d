package markdown

import (
	"regexp"

	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// newParser returns a parser of GitHub Flavored Markdown with footnotes and without raw HTML, within the bounds of
// limits.go. It names each part, because those of goldmark.DefaultParser and extension.GFM come without bounds. The
// numbers are goldmark's priorities.
func newParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(limitedBlocks{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(limitedBlocks{parser.NewBlockquoteParser()}, 800),
			util.Prioritized(comments{parser.NewHTMLBlockParser()}, 900),
			util.Prioritized(limitedBlocks{extension.NewFootnoteBlockParser()}, 999),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(codeSpans{parser.NewCodeSpanParser()}, 100),
			util.Prioritized(limitedNotes{extension.NewFootnoteParser()}, 101),
			util.Prioritized(limitedMarks{parser.NewLinkParser()}, 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(inlineComments{parser.NewRawHTMLParser()}, 400),
			util.Prioritized(limitedMarks{parser.NewEmphasisParser()}, 500),
			util.Prioritized(limitedMarks{extension.NewStrikethroughParser()}, 500),
			util.Prioritized(addresses{extension.NewLinkifyParser(addressPatterns...)}, 999),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(limitedReferences{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(limitedTables{extension.NewTableParagraphTransformer()}, 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
			util.Prioritized(extension.NewFootnoteASTTransformer(), 50),
			util.Prioritized(transformer{}, 100),
		),
	)
}

// newHTMLRenderer returns the renderer for what newParser parses. It writes comments as comments, which the policy
// removes.
func newHTMLRenderer() renderer.Renderer {
	return renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(html.NewRenderer(), 1000),
		util.Prioritized(extension.NewTableHTMLRenderer(
			extension.WithTableCellAlignMethod(extension.TableCellAlignNone)), 500),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
		util.Prioritized(extension.NewFootnoteHTMLRenderer(
			extension.WithFootnoteIDPrefix(idPrefix),
			extension.WithFootnoteBacklinkTitle("Back to where note ^^ belongs")), 500),
		util.Prioritized(codeRenderer{}, 500),
	))
}

// letters are what words of all scripts consist of.
const letters = `\p{L}\p{M}\p{N}\x{200C}\x{200D}`

// addressPatterns match bare addresses. Those of goldmark know ASCII only. A dash or an apostrophe belongs to one if a
// letter follows. A host is found by its first letter, so that nothing is searched for in vain.
var addressPatterns = func() []extension.LinkifyOption {
	rest := `[\p{L}\p{N}][` + letters + `@:%._+~=-]*` +
		`(?:[/#?](?:[` + letters + "@:%_+.~#$!?&/=(),;'\">^{}\\[\\]`-]" + `|[‐‑–’·]+[\p{L}\p{N}])*)?`
	return []extension.LinkifyOption{
		extension.WithLinkifyURLRegexp(regexp.MustCompile(`^(?:https?|ftp)://` + rest)),
		extension.WithLinkifyWWWRegexp(regexp.MustCompile(`^www\.` + rest)),
	}
}()
