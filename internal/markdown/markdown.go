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
	// maxKept is how many bytes of results a Renderer keeps.
	maxKept = 16 << 20
	// keptOverhead and headingOverhead are about how many bytes a kept result takes besides its texts.
	keptOverhead, headingOverhead = 256, 64
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

// Renderer renders texts and keeps the results, by text and options, up to 16 MiB. It is safe for concurrent use.
type Renderer struct {
	parser parser.Parser
	html   renderer.Renderer
	policy *bluemonday.Policy
	slots  *semaphore.Weighted // for texts that are not small
	kept   *lru.Cache[cacheKey, Rendered]
	size   atomic.Int64 // bytes of kept
}

// cacheKey is what a result is kept by.
type cacheKey struct {
	content [sha256.Size]byte
	Options
}

// Options say what the page of a text wants. A text beside others, see Among, has none.
type Options struct {
	Follow  bool // Search engines follow its links: its author answers for them.
	Anchors bool // Each heading has a link to itself.
}

// Rendered is what one reading of a text gives.
type Rendered struct {
	HTML    template.HTML // safe, of at most MaxHTML bytes, or six for each byte of the text if that is more
	Outline []Heading     // the headings of the upper two levels that have an id
	Image   string        // the address of the first image, "" for none
}

// Heading is a heading of a text.
type Heading struct {
	ID, Text string // Text is plain text, not HTML.
	Level    int    // 2 or 3
}

// NewRenderer returns a Renderer that renders one long text fewer at a time than there are processors, but at least
// one.
func NewRenderer() *Renderer {
	r := &Renderer{
		parser: newParser(), html: newHTMLRenderer(), policy: newPolicy(),
		slots: semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)-1))),
	}
	var err error
	r.kept, err = lru.NewWithEvict(maxKept/keptOverhead, func(_ cacheKey, dropped Rendered) {
		r.size.Add(-keptSize(dropped))
	})
	if err != nil { // only for a size below 1
		panic(err)
	}
	return r
}

// Render renders a text. Headings start at h2, leave out no level, and have ids, as footnotes have. The HTML is for the
// page of the text: see Among.
//
// It returns ErrBusy if the text is longer than 8 KiB, or has code, and too many others are being rendered, or the
// error of ctx if that ended meanwhile.
func (r *Renderer) Render(ctx context.Context, content string, o Options) (Rendered, error) {
	key := cacheKey{sha256.Sum256([]byte(content)), o}
	if kept, ok := r.kept.Get(key); ok {
		return kept, nil
	}
	if len(content) > smallText || strings.Contains(content, "```") || strings.Contains(content, "~~~") {
		if err := r.takeSlot(ctx); err != nil {
			return Rendered{}, fmt.Errorf("render Markdown: %w", err)
		}
		defer r.slots.Release(1)
		if kept, ok := r.kept.Get(key); ok { // another request has rendered it in the meantime
			return kept, nil
		}
	}
	rendered := r.render(content, o)
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
func (r *Renderer) render(content string, o Options) Rendered {
	source, used := []byte(content), &usage{share: 1, options: o}
	document := r.parse(source, used)
	var out bytes.Buffer
	if err := r.html.Render(&out, source, document); err != nil || out.Len() > MaxHTML {
		return asTyped(content)
	}
	safe := r.policy.SanitizeBytes(out.Bytes())
	if len(safe) > MaxHTML {
		return asTyped(content)
	}
	used.found.HTML = template.HTML(strings.Map(allowed, string(safe)))
	return used.found
}

// allowed returns U+FFFD for a character that no text of this site may have, however it is written: control characters
// but tab and line breaks, and what XML forbids. It returns others as they are.
func allowed(c rune) rune {
	if ' ' <= c && c <= '~' { // most are, and need no look at tables
		return c
	}
	if unicode.IsControl(c) && c != '\t' && c != '\n' && c != '\r' || c == '\uFFFE' || c == '\uFFFF' {
		return unicode.ReplacementChar
	}
	return c
}

// Among returns the HTML of a text for a page or a feed that has other texts too. Its ids differ from those of the
// others by the id of the post, comment or user, and its links to paths of this site begin with an origin such as
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
	used := &usage{share: 1}
	r.parse([]byte(content), used)
	for _, address := range used.missing[:min(len(used.missing), maxMissing)] {
		addresses = append(addresses, strings.ToValidUTF8(string(address[:min(len(address), maxMissing)]), ""))
	}
	return addresses, nil
}

// asTyped shows a text as it is.
func asTyped(content string) Rendered { // the parser of a browser drops the first \n
	return Rendered{HTML: template.HTML("<pre>\n" + html.EscapeString(content) + "</pre>\n")}
}

// keep keeps a result, and drops those that were not used for longest if there are too many bytes.
func (r *Renderer) keep(key cacheKey, rendered Rendered) {
	if kept, _ := r.kept.ContainsOrAdd(key, rendered); kept {
		return
	}
	r.size.Add(keptSize(rendered))
	for r.size.Load() > maxKept {
		r.kept.RemoveOldest()
	}
}

// keptSize returns about how many bytes a kept result takes.
func keptSize(rendered Rendered) int64 {
	size := len(rendered.HTML) + len(rendered.Image) + keptOverhead
	for _, h := range rendered.Outline {
		size += len(h.ID) + len(h.Text) + headingOverhead
	}
	return int64(size)
}
