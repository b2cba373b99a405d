// Package feed writes feeds and sitemaps: Atom (RFC 4287), JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) and
// the Sitemap protocol (https://www.sitemaps.org/protocol.html). It knows neither HTTP nor a store.
package feed

import (
	"cmp"
	_ "embed"
	"encoding/xml"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"gin-blog/models"
)

// The content types of the formats.
const (
	AtomType = "application/atom+xml; charset=utf-8"
	JSONType = "application/feed+json; charset=utf-8"
	XMLType  = "application/xml; charset=utf-8"
)

// Feed is a list of entries, newest first, in the words of both formats. All addresses are absolute.
type Feed struct {
	Title       string `xml:"title" json:"title"`
	Description string `xml:"subtitle,omitempty" json:"description,omitempty"`
	// Language is the code of the language of all texts (BCP 47).
	Language string  `xml:"http://www.w3.org/XML/1998/namespace lang,attr,omitempty" json:"language,omitempty"`
	Address  string  `xml:"id" json:"feed_url"`     // of the feed itself
	Page     string  `xml:"-" json:"home_page_url"` // the address of the page that shows the same to people
	Entries  []Entry `xml:"entry" json:"items"`
}

// Entry is one entry of a feed: a post, say.
type Entry struct {
	ID        string   `xml:"id" json:"id"` // see EntryID
	Address   Page     `xml:"link" json:"url"`
	Title     string   `xml:"title" json:"title"`
	Summary   string   `xml:"summary,omitempty" json:"summary,omitempty"`      // plain text
	HTML      HTML     `xml:"content,omitempty" json:"content_html,omitempty"` // "" to send only the summary
	Text      string   `xml:"-" json:"content_text,omitempty"`                 // set by JSON, which wants it or HTML
	Authors   []Author `xml:"author" json:"authors,omitempty"`                 // none once the account is gone
	Tags      Tags     `xml:"category" json:"tags,omitempty"`
	Published string   `xml:"published" json:"date_published"` // see Timestamp
	Updated   string   `xml:"updated" json:"date_modified"`
}

// Author wrote an entry.
type Author struct {
	Name    string `xml:"name" json:"name"`
	Address string `xml:"uri,omitempty" json:"url,omitempty"` // of the author's page
}

// Page is the address of a page that shows an entry. In Atom, it is a link.
type Page string

// HTML is the whole content of an entry.
type HTML string

// Tags are the tags of an entry. In Atom, each is a category.
type Tags []string

// atomLink is a link in Atom.
type atomLink struct {
	Relation string `xml:"rel,attr"`
	Type     string `xml:"type,attr"`
	Address  string `xml:"href,attr"`
}

// MarshalXML implements xml.Marshaler.
func (p Page) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(atomLink{"alternate", "text/html", string(p)}, start)
}

// MarshalXML implements xml.Marshaler.
func (h HTML) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(struct {
		Type string `xml:"type,attr"`
		HTML string `xml:",chardata"`
	}{"html", string(h)}, start)
}

// MarshalXML implements xml.Marshaler.
func (t Tags) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	for _, tag := range t {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "term"}, Value: tag}}
		if err := e.EncodeElement("", start); err != nil {
			return err
		}
	}
	return nil
}

// Atom returns the feed in the Atom format. Its id is its address; the ids of its entries survive a move of the site.
// It changed last when an entry did, or in 1970 if there is none.
func (f Feed) Atom() ([]byte, error) {
	updated := Timestamp(time.Unix(0, 0))
	f.Entries = slices.Clone(f.Entries)
	for i := range f.Entries {
		e := &f.Entries[i]
		updated = max(updated, e.Updated)
		if len(e.Authors) == 0 { // Atom wants a name for each entry
			e.Authors = []Author{{Name: "a former member"}}
		}
	}
	return encodeXML(struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Feed
		Updated string     `xml:"updated"`
		Links   []atomLink `xml:"link"`
	}{Feed: f, Updated: updated, Links: []atomLink{
		{"self", "application/atom+xml", f.Address}, {"alternate", "text/html", f.Page},
	}})
}

// JSON returns the feed as a JSON Feed. An item has a text if it has no HTML.
func (f Feed) JSON() ([]byte, error) {
	f.Entries = slices.Clone(f.Entries)
	for i := range f.Entries {
		if e := &f.Entries[i]; e.HTML == "" {
			e.Text, e.Summary = cmp.Or(e.Summary, e.Title), ""
		}
	}
	body, err := json.Marshal(struct {
		Version string `json:"version"`
		Feed
	}{"https://jsonfeed.org/version/1.1", f}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode JSON Feed: %w", err)
	}
	return body, nil
}

// entryIDs is the namespace of the ids of entries. It must never change.
var entryIDs = uuid.MustParse("5f6c1a0e-3d52-5c6e-9a39-2b7f6f0c7d41")

// EntryID returns the id of an entry: "urn:uuid:" and a UUID that is made from the id of the post (RFC 9562, version
// 5). It does not depend on the address of the site, so that readers know an entry again after a move.
func EntryID(id models.ID) string { return uuid.NewSHA1(entryIDs, id[:]).URN() }

// Timestamp writes a time as RFC 3339 has it, in UTC with milliseconds.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Link is a page of the site, or a sitemap.
type Link struct {
	Address string `xml:"loc"`
	Updated string `xml:"lastmod,omitempty"` // see Timestamp; "" if it is not known
}

// Sitemap returns a sitemap. It may have 50,000 links.
func Sitemap(links []Link) ([]byte, error) {
	return encodeXML(struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		Links   []Link   `xml:"url"`
	}{Links: links})
}

// SitemapIndex returns the list of some sitemaps.
func SitemapIndex(sitemaps []Link) ([]byte, error) {
	return encodeXML(struct {
		XMLName  xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		Sitemaps []Link   `xml:"sitemap"`
	}{Sitemaps: sitemaps})
}

// robots keeps crawlers from the pages that are of use only to people who are signed in, or about to be.
//
//go:embed robots.txt
var robots string

// Robots returns a robots.txt (RFC 9309) that names the sitemap index of the site at this address.
func Robots(site string) []byte { return []byte(robots + "\nSitemap: " + site + "/sitemap.xml\n") }

// encodeXML returns v as an XML document. It has U+FFFD for each character that XML forbids.
func encodeXML(v any) ([]byte, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode XML: %w", err)
	}
	return append([]byte(xml.Header), body...), nil
}
