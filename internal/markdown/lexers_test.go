package markdown

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/chroma/v2"
	chromalexers "github.com/alecthomas/chroma/v2/lexers"
	"github.com/dlclark/regexp2/v2"
)

var update = flag.Bool("update", false, "write lexers.zip anew, after an update of chroma")

// languages are those of the archive: the languages that repositories and posts have most.
const languages = `ada,apacheconf,arduino,armasm,awk,bash,bash session,batchfile,bibtex,c,c#,c++,clojure,cmake,cobol,
coffeescript,crystal,css,csv,cython,d,dart,diff,django/jinja,docker,elixir,elm,erlang,fish,forth,
fortran,fsharp,gas,gdscript,gherkin,glsl,go,go template,graphql,groovy,handlebars,haskell,hcl,hlsl,
html,ini,java,javascript,json,julia,kotlin,llvm,lua,makefile,markdown,mathematica,matlab,mysql,nasm,
nginx configuration file,nim,nix,objective-c,objectpascal,ocaml,octave,org mode,perl,php,pl/pgsql,
postgresql sql dialect,powershell,prolog,properties,protocol buffer,puppet,python,python 2,qml,r,
racket,react,ruby,rust,sass,scala,scheme,scss,sed,smalltalk,solidity,sql,standard ml,swift,systemd,
systemverilog,tcl,terraform,tex,thrift,toml,transact-sql,twig,typescript,typst,v,vala,vb.net,
verilog,vhdl,viml,vue,wat,xml,yaml,zig`

// chromaLexer returns a lexer of chroma's with what can be written to a file. Where go has templates in strings, it has
// plain strings.
func chromaLexer(t *testing.T, name string) (*chroma.Config, chroma.Rules) {
	t.Helper()
	lexer := chromalexers.Get(name)
	if name == "markdown" { // it also knows front matter, which no file can say
		lexer = reflect.ValueOf(lexer).Elem().Field(0).Interface().(chroma.Lexer)
	}
	regex, ok := lexer.(*chroma.RegexLexer)
	if !ok {
		t.Fatalf("the lexer of %s is a %T", name, lexer)
	}
	rules := regex.MustRules().Clone()
	if name == "go" {
		for i, rule := range rules["root"] {
			if strings.HasPrefix(rule.Pattern, "(`)") {
				rules["root"][i] = chroma.Rule{Pattern: "`[^`]*`", Type: chroma.LiteralString}
			}
		}
	}
	config := *regex.Config()
	config.Analyse, config.MimeTypes = nil, nil
	return &config, rules
}

// archive writes the lexers of the languages: their configurations to index.json, with the extensions of their files as
// aliases, and their rules to a file each, beside the license of chroma.
func archive(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, content []byte, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		file, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	configs, taken := map[string]*chroma.Config{}, map[string]bool{}
	for _, name := range strings.Split(strings.ReplaceAll(languages, "\n", ""), ",") {
		config, rules := chromaLexer(t, name)
		file := strings.NewReplacer("/", "-", " ", "-").Replace(name) + ".xml"
		configs[file] = config
		for _, alias := range append(config.Aliases, config.Name) {
			taken[strings.ToLower(alias)] = true
		}
		content, err := xml.Marshal(rules)
		add(file, content, err)
	}
	for _, file := range slices.Sorted(maps.Keys(configs)) {
		config := configs[file]
		for _, pattern := range append(config.Filenames, config.AliasFilenames...) {
			if extension := strings.TrimPrefix(pattern, "*."); !strings.ContainsAny(extension, "*.[") && !taken[extension] {
				config.Aliases = append(slices.Clone(config.Aliases), extension)
				taken[extension] = true
			}
		}
		config.Filenames, config.AliasFilenames = nil, nil
	}
	index, err := json.Marshal(configs)
	add("index.json", index, err)
	find := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/alecthomas/chroma/v2")
	chromaDir, err := find.Output()
	if err != nil {
		t.Fatal(err)
	}
	license, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(chromaDir)), "COPYING"))
	add("COPYING", license, err)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// filesOf returns the files of an archive. XML is compared as chroma reads it, because states are in no order.
func filesOf(t *testing.T, content []byte) map[string]any {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]any{}
	for _, file := range r.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		files[file.Name] = string(content)
		if strings.HasSuffix(file.Name, ".xml") {
			var rules chroma.Rules
			if err := xml.Unmarshal(content, &rules); err != nil {
				t.Fatal(err)
			}
			files[file.Name] = rules
		}
	}
	return files
}

// TestLexers shows that the archive has the lexers of the chroma of go.mod.
func TestLexers(t *testing.T) {
	want := archive(t)
	if *update {
		if err := os.WriteFile("lexers.zip", want, 0o644); err != nil {
			t.Fatal(err)
		}
		lexersFile = want
	}
	got, wanted := filesOf(t, lexersFile), filesOf(t, want)
	for name := range wanted {
		if !reflect.DeepEqual(got[name], wanted[name]) {
			t.Errorf("%s is not as chroma has it: run go test ./internal/markdown -run TestLexers -update", name)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("there are %d files, not %d", len(got), len(wanted))
	}
	names := lexers()
	for _, name := range []string{"go", "py", "js", "ts", "tsx", "jsx", "sh", "yml", "c++", "cpp", "html", "dockerfile"} {
		if names[name] == nil {
			t.Errorf("no lexer has the name %s", name)
		}
	}
	start := time.Now()
	all := map[chroma.Lexer]bool{}
	for name, lexer := range names {
		all[lexer] = true
		if _, err := lexer.Tokenise(nil, "x"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("%d names of %d lexers, read in %s, from %d bytes", len(names), len(all), time.Since(start), len(lexersFile))
}

// TestExpressionsHaveATimeLimit: the lexers limit the time of their expressions when they are read.
func TestExpressionsHaveATimeLimit(t *testing.T) {
	for name, lexer := range lexers() {
		limit := lexer.(*chroma.RegexLexer).MustRules()["limit"]
		if len(limit) != 1 || limit[0].Mutator != (timeLimit{}) {
			t.Errorf("the lexer of %s has no limit", name)
		}
	}
	rule := &chroma.CompiledRule{Regexp: regexp2.MustCompile("(a|a)*b")}
	states := chroma.CompiledRules{"root": {rule}, "limit": {{Regexp: regexp2.MustCompile("x")}}}
	if err := (timeLimit{}).MutateLexer(states, "limit", 0); err != nil {
		t.Fatal(err)
	}
	if rule.Regexp.MatchTimeout != maxMatchTime || len(states) != 1 {
		t.Errorf("an expression may take %s, in %d states", rule.Regexp.MatchTimeout, len(states))
	}
}
