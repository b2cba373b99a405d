package markdown

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// differs are the examples of the specs that differ here on purpose, and why. The examples count from 1.
var differs = map[string]map[string][]int{
	"commonmark": {
		"raw HTML but comments is shown as text, also in a link": {
			21, 31, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165,
			166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 180, 181, 182, 184, 185, 186, 187,
			188, 189, 190, 191, 201, 344, 475, 476, 477, 491, 494, 524, 536, 613, 614, 615, 616, 617, 623, 627,
			628, 629, 630, 631, 642, 643,
		},
		"the text of an image that is not loaded keeps its emphasis and links": {573, 575, 576, 577, 585, 589},
		"the name of a language has no strange signs":                          {34, 144},
		"bare addresses are links, as GitHub has them":                         {608, 611, 612},
		"schemes are in lower case":                                            {597},
	},
	"gfm": {"raw HTML is shown as text": {24}},
}

// TestSpecs renders the examples of the specs. What a page has otherwise for every text is left out on both sides: the
// levels and ids of headings, what a link says of itself, colors of code. A link that leads nowhere is its text, as is
// an image that is not loaded, and the box of a task is a character.
func TestSpecs(t *testing.T) {
	content, err := os.ReadFile("testdata/spec.json")
	if err != nil {
		t.Fatal(err)
	}
	var specs map[string]json.RawMessage
	if err := json.Unmarshal(content, &specs); err != nil {
		t.Fatal(err)
	}
	r := NewRenderer()
	for spec, reasons := range differs {
		var examples [][2]string
		if err := json.Unmarshal(specs[spec], &examples); err != nil || len(examples) < 20 {
			t.Fatalf("%s has %d examples: %v", spec, len(examples), err)
		}
		var known []int
		for _, numbers := range reasons {
			known = append(known, numbers...)
		}
		for i, example := range examples {
			got, want := normal(t, string(r.render(example[0], Options{}).HTML)), normal(t, example[1])
			if isKnown := slices.Contains(known, i+1); (got != want) != isKnown {
				t.Errorf("%s %d, which is known to differ: %t: %q becomes\n%s\nwhere the spec has\n%s",
					spec, i+1, isKnown, example[0], got, want)
			}
		}
	}
}

// normal returns HTML in a form in which that of a spec and that of this package are the same if they mean the same.
func normal(t *testing.T, text string) string {
	t.Helper()
	in := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(text), in)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, n := range nodes {
		writeNormal(&b, n, false)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func writeNormal(b *strings.Builder, n *html.Node, isCode bool) {
	children := func(isCode bool) {
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			writeNormal(b, child, isCode)
		}
	}
	attributes := map[string]string{}
	for _, a := range n.Attr {
		attributes[a.Key] = a.Val
	}
	switch {
	case n.Type == html.TextNode && isCode: // blanks count
		b.WriteString(strings.NewReplacer(" ", "␠", "\t", "␉", "\n", "␤").Replace(n.Data))
	case n.Type == html.TextNode:
		b.WriteString(strings.ReplaceAll(n.Data, "\n", " "))
	case n.Type != html.ElementNode:
	case n.Data == "span", n.Data == "a" && target([]byte(attributes["href"]), "http", "https", "mailto", "#", "/") == nil:
		children(isCode)
	case n.Data == "img" && !strings.HasPrefix(attributes["src"], "https:"):
		b.WriteString(attributes["alt"])
	case n.Data == "input":
		if _, isChecked := attributes["checked"]; isChecked {
			b.WriteString("☑ ")
		} else {
			b.WriteString("☐ ")
		}
	default:
		name := n.Data
		if len(name) == 2 && name[0] == 'h' && name != "hr" {
			name = "heading"
		}
		shown := strings.TrimPrefix(attributes["class"], "align-")
		if strings.HasPrefix(shown, "task") {
			shown = ""
		}
		for _, key := range []string{"align", "href", "src", "alt", "title", "start"} {
			shown += attributes[key]
		}
		fmt.Fprintf(b, " <%s|%s> ", name, strings.ReplaceAll(shown, "#text-", "#"))
		children(isCode || name == "pre")
		fmt.Fprintf(b, " </%s> ", name)
	}
}
