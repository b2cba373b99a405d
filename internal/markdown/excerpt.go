package markdown

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

const (
	// maxExcerptSource is how much of a text an excerpt is looked for in, in bytes, besides definitions of links.
	maxExcerptSource = 6 << 10
	// excerptShare divides the bounds of a text for that.
	excerptShare = 20
)

// Excerpt returns the first lines of a text as one line of plain text, without Markdown's signs: at most limit
// characters, which end with "…" if the text goes on, or at a comment "<!--more-->". Headings, code, tables,
// footnotes and images alone in their paragraph are left out, unless there is nothing else. It is text, not HTML.
//
// It reads a beginning, or a longer one if that does not fill the excerpt.
func (r *Renderer) Excerpt(content string, limit int) string {
	if strings.Contains(content, ";base64,") { // an image may have more data than is read
		content = base64.ReplaceAllString(content, "")
	}
	for size := 4 * limit; ; size = maxExcerptSource {
		source, isAll := beginning(content, size)
		document := r.parse(source, &usage{share: excerptShare})
		c := collector{source: source, limit: limit}
		c.out.Grow(min(len(source), utf8.UTFMax*limit))
		plain := c.text(document)
		isLast := isAll || size >= maxExcerptSource
		if c.all = plain == "" && isLast; c.all {
			plain = c.text(document)
		}
		if c.ended || isLast || utf8.RuneCountInString(plain) > limit {
			return shorten(plain, limit, !isAll && !c.ended)
		}
	}
}

var (
	base64 = regexp.MustCompile(`;base64,[A-Za-z0-9+/=]+`)
	// definition matches a line that defines where links lead, or a footnote.
	definition = regexp.MustCompile(`(?s)^\[(?:\^[^\[\]]+\]:.*|[^\[\]]+\]:[ \t]*\S+(?:[ \t]+["'(].*["')])?\s*)$`)
)

// beginning returns about size bytes of a text, which end at a blank line if there is one, and behind them what the
// whole text defines for links. It also returns whether that is all.
func beginning(content string, size int) (source []byte, isAll bool) {
	if len(content) <= size && !strings.Contains(content, "]:") {
		return []byte(content), true
	}
	var definitions []byte
	source, isAll = make([]byte, 0, min(len(content), 2*size)), true
	for line := range strings.Lines(content) {
		trimmed := strings.TrimLeft(line, " >")
		isDefinition := strings.HasPrefix(trimmed, "[") && definition.MatchString(trimmed)
		if isDefinition && len(definitions) < 2*maxExcerptSource {
			definitions = append(definitions, "\n"+trimmed...) // a footnote would go on
		}
		if isAll && (!isDefinition || trimmed[1] == '^') { // a footnote may have more lines
			source = append(source, line[:min(len(line), maxExcerptSource-len(source))]...)
			isAll = len(source) < size || len(source) < maxExcerptSource && strings.TrimSpace(line) != ""
		}
	}
	if bytes.IndexByte(source, '[') < 0 {
		return source, isAll
	}
	return append(append(source, "\n\n"...), definitions...), isAll
}

// collector collects the text of a document.
type collector struct {
	source []byte
	all    bool // also headings, code, tables, footnotes and images alone
	limit  int  // about how many characters are enough, 0 for all
	out    bytes.Buffer
	gap    string // what separates the next text from the one before
	ended  bool   // at a comment
}

// text returns the text of a node, in one line.
func (c *collector) text(node ast.Node) string {
	c.collect(node)
	var b strings.Builder
	isBetween := false
	for _, r := range c.out.String() { // U+FFFD for each wrong byte
		if unicode.IsSpace(r) {
			isBetween = b.Len() > 0
			continue
		}
		if isBetween {
			b.WriteByte(' ')
		}
		isBetween = false
		b.WriteRune(allowed(r))
	}
	return b.String()
}

// write adds a text.
func (c *collector) write(s []byte) {
	if len(bytes.TrimSpace(s)) == 0 {
		c.gap = max(c.gap, " ")
		return
	}
	if last, _ := utf8.DecodeLastRune(c.out.Bytes()); c.gap == ";" && c.out.Len() > 0 && !unicode.IsPunct(last) {
		c.out.WriteByte(';')
	}
	if c.gap != "" {
		c.out.WriteByte(' ')
	}
	c.gap = ""
	c.out.Write(s)
}

// collect adds the text of a node.
func (c *collector) collect(node ast.Node) {
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // never fails
		switch {
		case n.Kind() == ast.KindListItem && entering && n.PreviousSibling() != nil,
			n.Kind() == ast.KindList && !entering:
			c.gap = ";"
		case n.Type() == ast.TypeBlock || n.Kind() == extensionast.KindTableCell || n.Kind() == ast.KindImage:
			c.gap = max(c.gap, " ")
		}
		switch {
		case !entering:
			return ast.WalkContinue, nil
		case isMore(n, c.source) && c.out.Len() > 0:
			c.ended = true
			return ast.WalkStop, nil
		case c.limit > 0 && c.out.Len() > utf8.UTFMax*(c.limit+1):
			return ast.WalkStop, nil
		}
		return c.enter(n), nil
	})
}

// enter adds the text of a node without its children.
func (c *collector) enter(n ast.Node) ast.WalkStatus {
	switch n := n.(type) {
	case *ast.Heading, *extensionast.Table, *extensionast.FootnoteList:
		if !c.all {
			return ast.WalkSkipChildren
		}
	case *ast.Image:
		tag, _ := n.PreviousSibling().(*ast.String)
		isFigure := tag != nil && tag.IsCode()
		if p := n.Parent(); !c.all && (isFigure || p.Kind() == ast.KindParagraph && p.ChildCount() == 1) {
			return ast.WalkSkipChildren
		}
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		if c.all {
			c.write(n.Lines().Value(c.source))
		}
	case *ast.CodeSpan:
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			c.write(child.(*ast.Text).Value(c.source))
		}
		return ast.WalkSkipChildren
	case *ast.AutoLink:
		c.write(n.Label(c.source))
	case *ast.String: // of an address, or the box of a task
		if n.IsRaw() {
			c.write(n.Value)
		}
	case *ast.Text:
		c.write(unescape(n.Value(c.source)))
		if n.SoftLineBreak() || n.HardLineBreak() {
			c.gap = max(c.gap, " ")
		}
	}
	return ast.WalkContinue
}

// escapes are backslashes before signs, and character references such as "&amp;".
var escapes = regexp.MustCompile("\\\\[!-/:-@\\[-`{-~]|&#?[0-9A-Za-z]+;")

// unescape returns what a text means.
func unescape(typed []byte) []byte {
	if !bytes.ContainsAny(typed, `\&`) { // the expression would look at each character
		return typed
	}
	return escapes.ReplaceAllFunc(typed, func(escape []byte) []byte {
		if escape[0] == '\\' {
			return escape[1:]
		}
		return util.ResolveEntityNames(util.ResolveNumericReferences(escape))
	})
}

// shorten cuts a text to limit characters, between two words if it can, and not in a sign that has several, such as a
// letter with accents or a flag. The result ends with "…" if it was cut or if goesOn.
func shorten(plain string, limit int, goesOn bool) string {
	characters := []rune(plain)
	if len(characters) <= limit && !goesOn || plain == "" {
		return plain
	}
	cut := string(characters[:min(len(characters), max(limit-1, 0))])
	if rest := plain[len(cut):]; rest != "" && rest[0] != ' ' {
		space := strings.LastIndexByte(cut, ' ')
		end := space
		for signs := uniseg.NewGraphemes(plain[space+1:]); space <= len(cut)/2 && signs.Next(); {
			_, to := signs.Positions()
			if space+1+to > len(cut) {
				break
			}
			end = space + 1 + to
		}
		if end > 0 { // or one sign is longer than all that may be shown
			cut = cut[:end]
		}
	}
	return strings.TrimRight(cut, " .,;:-") + "…"
}
