// Package markdown renders the content of posts and comments, which is GitHub Flavored Markdown, as safe HTML.
//
// There are two defenses against active HTML. The parser knows no raw HTML but comments, which it leaves out, so a tag
// in a text is shown as text. It keeps only links to http, https, mailto, paths of this site and headings of the text,
// and images by https. A policy then removes every element and attribute that it does not name.
//
// The work for a text is bounded, see limits.go: what exceeds a bound stays as it was typed. So is the size of the
// HTML. The same text always has the same HTML.
package markdown

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"html"
	"html/template"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"golang.org/x/sync/semaphore"

	"gin-blog/models"
)

const (
	// MaxHTML is how many bytes of HTML a text may become. A text that becomes more, which only a text made for it
	// does, is shown as it was typed, in a <pre>.
	MaxHTML = 1 << 20
	// maxKept is how many bytes of HTML a Renderer keeps.
	maxKept = 16 << 20
	// keptOverhead is about how many bytes a kept result takes besides its HTML.
	keptOverhead = 256
	// smallText is the size of a text, in bytes, that needs no slot unless it has code to highlight: its worst case takes
	// some milliseconds.
	smallText = 8 << 10
	// maxMissing is how many missing addresses are told at most, and how many bytes of each.
	maxMissing = 100
	// maxWait is how long a larger text waits for a slot.
	maxWait = 2 * time.Second
)

// ErrBusy says that so many long texts are being rendered that a further one did not get its turn within 2 s.
var ErrBusy = models.NewError(models.Unavailable, "Too many long posts are being rendered, try again later")

// Renderer renders texts and keeps the results, by the text itself, up to 16 MiB. It is safe for concurrent use.
type Renderer struct {
	parser parser.Parser
	html   renderer.Renderer
	policy *bluemonday.Policy
	slots  *semaphore.Weighted // for texts that are not small
	kept   *lru.Cache[[sha256.Size]byte, template.HTML]
	size   atomic.Int64 // bytes of kept
}

// NewRenderer returns a Renderer that renders one long text fewer at a time than there are processors, but at least
// one.
func NewRenderer() *Renderer {
	r := &Renderer{
		parser: newParser(), html: newHTMLRenderer(), policy: newPolicy(),
		slots: semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)-1))),
	}
	var err error
	r.kept, err = lru.NewWithEvict(maxKept/keptOverhead, func(_ [sha256.Size]byte, dropped template.HTML) {
		r.size.Add(-keptSize(dropped))
	})
	if err != nil { // only for a size below 1
		panic(err)
	}
	return r
}

// Render returns the HTML of a text. It has at most MaxHTML bytes, or six for each byte of the text if that is more.
// Headings start at h2, leave out no level, and have ids, as footnotes have. It is for the page of the text: see Among.
//
// It returns ErrBusy if the text is longer than 8 KiB, or has code, and too many others are being rendered, or the
// error of ctx if that ended meanwhile.
func (r *Renderer) Render(ctx context.Context, content string) (template.HTML, error) {
	key := sha256.Sum256([]byte(content))
	if kept, ok := r.kept.Get(key); ok {
		return kept, nil
	}
	if len(content) > smallText || strings.Contains(content, "```") || strings.Contains(content, "~~~") {
		if err := r.takeSlot(ctx); err != nil {
			return "", fmt.Errorf("render Markdown: %w", err)
		}
		defer r.slots.Release(1)
		if kept, ok := r.kept.Get(key); ok { // another request has rendered it in the meantime
			return kept, nil
		}
	}
	rendered := r.render(content)
	r.keep(key, rendered)
	return rendered, nil
}

func (r *Renderer) takeSlot(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, ErrBusy)
	defer cancel()
	if r.slots.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// render renders a text, whatever it costs.
func (r *Renderer) render(content string) template.HTML {
	source := []byte(content)
	document, _ := r.parse(source, 1)
	var out bytes.Buffer
	if err := r.html.Render(&out, source, document); err != nil || out.Len() > MaxHTML {
		return asTyped(content)
	}
	safe := r.policy.SanitizeBytes(out.Bytes())
	if len(safe) > MaxHTML {
		return asTyped(content)
	}
	return template.HTML(strings.Map(allowed, string(safe)))
}

// allowed returns U+FFFD for a character that no text of this site may have, however it is written: control characters
// but tab and line breaks, and what XML forbids. It returns others as they are.
func allowed(c rune) rune {
	if unicode.IsControl(c) && c != '\t' && c != '\n' && c != '\r' || c == '\uFFFE' || c == '\uFFFF' {
		return unicode.ReplacementChar
	}
	return c
}

// Among returns the HTML of a text for a page or a feed that has other texts too. Its ids differ from those of the
// others by the id of the post or comment, and its links to paths of this site begin with an origin such as
// "https://blog.example", "" for a page of the site itself.
func Among(rendered template.HTML, id models.ID, origin string) template.HTML {
	prefix := "text:" + id.Hex() + "-"
	// The policy wrote each of these signs: what was typed has no raw quotation marks.
	return template.HTML(strings.NewReplacer(
		` id="`+idPrefix, ` id="`+prefix, ` href="#`+idPrefix, ` href="#`+prefix, ` href="/`, ` href="`+origin+`/`,
	).Replace(string(rendered)))
}

// Missing returns the addresses of the links and images of a text that its page does not have: relative ones, images by
// http or of data, and unknown schemes. It fails as Render does.
func (r *Renderer) Missing(ctx context.Context, content string) (addresses []string, err error) {
	if len(content) > smallText {
		if err := r.takeSlot(ctx); err != nil {
			return nil, fmt.Errorf("look for missing addresses: %w", err)
		}
		defer r.slots.Release(1)
	}
	_, used := r.parse([]byte(content), 1)
	for _, address := range used.missing[:min(len(used.missing), maxMissing)] {
		addresses = append(addresses, strings.ToValidUTF8(string(address[:min(len(address), maxMissing)]), ""))
	}
	return addresses, nil
}

// asTyped returns the HTML that shows a text as it is.
func asTyped(content string) template.HTML {
	return template.HTML("<pre>\n" + html.EscapeString(content) + "</pre>\n") // the parser of a browser drops the first \n
}

// keep keeps a result, and drops those that were not used for longest if there are too many bytes.
func (r *Renderer) keep(key [sha256.Size]byte, rendered template.HTML) {
	if kept, _ := r.kept.ContainsOrAdd(key, rendered); kept {
		return
	}
	r.size.Add(keptSize(rendered))
	for r.size.Load() > maxKept {
		r.kept.RemoveOldest()
	}
}

// keptSize returns about how many bytes a kept result takes.
func keptSize(rendered template.HTML) int64 { return int64(len(rendered) + keptOverhead) }
