package markdown

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
	"encoding/xml"
	"html"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/dlclark/regexp2/v2"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// The bounds of highlighting, for all code of a text. Code that meets one is shown plain.
const (
	// maxTokens is how many pieces are told apart. Each takes some kilobytes meanwhile.
	maxTokens = 4_500
	// maxCodeTime is how long that takes, of which ordinary code takes a tenth, and maxMatchTime how long one expression
	// takes: some need exponential time for a hostile text.
	maxCodeTime  = 60 * time.Millisecond
	maxMatchTime = 5 * time.Millisecond
)

// codeClasses are the classes of the style sheet, which are some of chroma's.
var codeClasses = map[chroma.TokenType]string{
	chroma.Keyword: "k", chroma.OperatorWord: "k", chroma.NameTag: "k", chroma.GenericHeading: "k",
	chroma.NameFunction: "nf", chroma.NameClass: "nf", chroma.NameDecorator: "nf", chroma.NameAttribute: "nf",
	chroma.NameBuiltin: "nf", chroma.LiteralString: "s", chroma.Literal: "m", chroma.KeywordConstant: "m",
	chroma.Comment: "c", chroma.GenericDeleted: "gd", chroma.GenericInserted: "gi",
}

// classOf returns the class of a piece of code or of its kind, "" for none.
func classOf(t chroma.TokenType) string {
	for _, kind := range []chroma.TokenType{t, t.SubCategory(), t.Category()} {
		if class, ok := codeClasses[kind]; ok {
			return class
		}
	}
	return ""
}

// codeRenderer renders blocks of code. One that is too wide scrolls, also by the keyboard.
type codeRenderer struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (r codeRenderer) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindCodeBlock, r.render)
	register.Register(ast.KindFencedCodeBlock, r.render)
}

func (codeRenderer) render(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	code, highlighted := n.Lines().Value(source), ""
	_, _ = w.WriteString(`<pre tabindex="0"><code`)
	if fenced, ok := n.(*ast.FencedCodeBlock); ok && fenced.Language(source) != nil {
		language := fenced.Language(source)
		_, _ = w.WriteString(` class="language-`)
		goldmarkhtml.DefaultWriter.Write(w, language)
		_ = w.WriteByte('"')
		used, _ := n.AttributeString("used") // by the transformer
		highlighted = used.(*usage).highlight(string(language), string(code))
	}
	_ = w.WriteByte('>')
	if highlighted == "" {
		goldmarkhtml.DefaultWriter.RawWrite(w, code)
	}
	_, _ = w.WriteString(highlighted + "</code></pre>\n")
	return ast.WalkSkipChildren, nil
}

// highlight returns the HTML of code, or "" if it cannot be highlighted.
func (u *usage) highlight(language, code string) (highlighted string) {
	lexer, start := lexers()[strings.ToLower(language)], time.Now()
	defer func() {
		u.codeTime += time.Since(start)
		if recover() != nil { // chroma panics if one of its lexers is wrong
			highlighted = ""
		}
	}()
	if lexer == nil || u.tokens > maxTokens || u.codeTime > maxCodeTime {
		return ""
	}
	code = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(code)
	next, err := lexer.Tokenise(nil, code) // reads the lexer, the first time
	if err != nil {
		return ""
	}
	var b strings.Builder
	length := 0
	for token := next(); token != chroma.EOF; token = next() {
		if u.tokens++; u.tokens > maxTokens || u.codeTime+time.Since(start) > maxCodeTime {
			return ""
		}
		length += len(token.Value)
		if class := classOf(token.Type); class != "" {
			b.WriteString(`<span class="` + class + `">` + html.EscapeString(token.Value) + "</span>")
		} else {
			b.WriteString(html.EscapeString(token.Value))
		}
	}
	if length != len(code) { // the lexer has lost something
		return ""
	}
	return b.String()
}

// lexersFile has the lexers of the commonest languages, as chroma has them. TestLexers writes it.
//
//go:embed lexers.zip
var lexersFile []byte

// lexers returns the lexers by the names of their languages, in lower case. The rules of each are read when it is used
// first.
var lexers = sync.OnceValue(func() map[string]chroma.Lexer {
	regexp2.SetTimeoutCheckPeriod(maxMatchTime)
	archive, err := zip.NewReader(bytes.NewReader(lexersFile), int64(len(lexersFile)))
	if err != nil {
		panic(err)
	}
	var configs map[string]*chroma.Config // by the names of their files
	mustRead(archive, "index.json", json.Unmarshal, &configs)
	byName, registry := map[string]chroma.Lexer{}, chroma.NewLexerRegistry()
	for file, config := range configs {
		lexer := registry.Register(chroma.MustNewLexer(config, func() (rules chroma.Rules) {
			mustRead(archive, file, xml.Unmarshal, &rules)
			rules["limit"] = []chroma.Rule{{Pattern: `\b\B`, Mutator: timeLimit{}}}
			return rules
		}))
		for _, name := range append(config.Aliases, config.Name) {
			byName[strings.ToLower(name)] = lexer
		}
	}
	return byName
})

// mustRead reads a file of the archive, and panics if that is wrong.
func mustRead(archive fs.FS, file string, unmarshal func([]byte, any) error, into any) {
	content, err := fs.ReadFile(archive, file)
	if err == nil {
		err = unmarshal(content, into)
	}
	if err != nil {
		panic(err)
	}
}

// timeLimit is a rule that limits the time of all rules of a lexer when they are compiled, and then goes.
type timeLimit struct{}

// Mutate implements chroma.Mutator.
func (timeLimit) Mutate(*chroma.LexerState) error { return nil }

// MutateLexer implements chroma.LexerMutator.
func (timeLimit) MutateLexer(states chroma.CompiledRules, state string, _ int) error {
	for _, rules := range states {
		for _, rule := range rules {
			rule.Regexp.MatchTimeout = maxMatchTime
		}
	}
	delete(states, state)
	return nil
}
