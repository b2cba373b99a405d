package markdown

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Excerpt returns the first lines of a text as one line of plain text, without Markdown's signs: at most limit
// characters, which end with "…" if the text goes on. Headings, code and tables are left out, unless there is nothing
// else. It is text, not HTML. It reads only the start of a long text, so its cost depends on limit alone.
func (r *Renderer) Excerpt(content string, limit int) string {
	end := min(len(content), 512+8*limit)
	for end > 0 && end < len(content) && !utf8.RuneStart(content[end]) {
		end--
	}
	source := []byte(content[:end])
	document := r.parser.Parse(text.NewReader(source))
	plain := plainText(document, source, false)
	if plain == "" {
		plain = plainText(document, source, true)
	}
	return shorten(plain, limit, end < len(content))
}

// plainText returns the text of a document in one line; if all, also that of headings, code and tables.
func plainText(document ast.Node, source []byte, all bool) string {
	var b bytes.Buffer
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // never fails
		if n.Kind() == ast.KindListItem && entering && n.PreviousSibling() != nil {
			endItem(&b)
		}
		if n.Type() == ast.TypeBlock || n.Kind() == extensionast.KindTableCell {
			b.WriteByte(' ')
		}
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading, *extensionast.Table:
			if !all {
				return ast.WalkSkipChildren, nil
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if all {
				b.Write(n.Lines().Value(source))
			}
		case *ast.CodeSpan:
			for child := n.FirstChild(); child != nil; child = child.NextSibling() {
				b.Write(child.(*ast.Text).Value(source))
			}
			return ast.WalkSkipChildren, nil
		case *ast.AutoLink:
			b.Write(n.Label(source))
		case *ast.String: // of an address, or the box of a task
			if n.IsRaw() {
				b.Write(n.Value)
			}
		case *ast.Text:
			b.WriteString(unescape(string(n.Value(source))))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(strings.ToValidUTF8(b.String(), "\uFFFD")), " ")
}

// endItem separates an item of a list from the next one, unless its text ends with a sign.
func endItem(b *bytes.Buffer) {
	b.Truncate(len(bytes.TrimRight(b.Bytes(), " ")))
	if last, _ := utf8.DecodeLastRune(b.Bytes()); b.Len() > 0 && !unicode.IsPunct(last) {
		b.WriteByte(';')
	}
}

// escapes are backslashes before signs, and character references such as "&amp;".
var escapes = regexp.MustCompile("\\\\[!-/:-@\\[-`{-~]|&#?[0-9A-Za-z]+;")

// unescape returns what a text means.
func unescape(typed string) string {
	if !strings.ContainsAny(typed, `\&`) { // the expression would look at each character
		return typed
	}
	return escapes.ReplaceAllStringFunc(typed, func(escape string) string {
		return html.UnescapeString(strings.TrimPrefix(escape, `\`))
	})
}

// shorten cuts a text to limit characters, between two words if it can. The result ends with "…" if it was cut or if
// goesOn.
func shorten(plain string, limit int, goesOn bool) string {
	characters := []rune(plain)
	if len(characters) <= limit && !goesOn || plain == "" {
		return plain
	}
	cut := string(characters[:min(len(characters), max(limit-1, 0))])
	if rest := plain[len(cut):]; rest != "" && rest[0] != ' ' {
		if end := strings.LastIndexByte(cut, ' '); end > len(cut)/2 {
			cut = cut[:end]
		}
	}
	return strings.TrimRight(cut, " .,;:-") + "…"
}
