package feed

import (
	"encoding/xml"
	"fmt"
)

// The elements of RFC 4287, section 4, that a feed has.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomEntry struct {
		ID         string         `xml:"id"`
		Title      string         `xml:"title"`
		Published  string         `xml:"published"`
		Updated    string         `xml:"updated"`
		Author     atomAuthor     `xml:"author"`
		Links      []atomLink     `xml:"link"`
		Categories []atomCategory `xml:"category"`
		Summary    string         `xml:"summary,omitempty"`
		Content    *atomText      `xml:"content"`
	}
	atomAuthor struct {
		Name string `xml:"name"`
		URI  string `xml:"uri,omitempty"`
	}
	atomLink struct {
		Relation string `xml:"rel,attr"`
		Type     string `xml:"type,attr"`
		Address  string `xml:"href,attr"`
	}
	atomCategory struct {
		Term string `xml:"term,attr"`
	}
	atomText struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	}
)

// Atom returns the feed in the Atom format. Its id is its address; the ids of its entries survive a move of the site.
func (f *Feed) Atom() ([]byte, error) {
	document := atomFeed{
		ID: f.Address, Title: xmlText(f.Title), Updated: timestamp(f.updated()),
		Links: []atomLink{
			{Relation: "self", Type: "application/atom+xml", Address: f.Address},
			{Relation: "alternate", Type: "text/html", Address: f.Page},
		},
		Entries: make([]atomEntry, len(f.Entries)),
	}
	for i := range f.Entries {
		document.Entries[i] = newAtomEntry(&f.Entries[i])
	}
	return encodeXML(document)
}

func newAtomEntry(e *Entry) atomEntry {
	entry := atomEntry{
		ID: EntryID(e.ID), Title: xmlText(e.Title), Published: timestamp(e.Published), Updated: timestamp(e.Updated),
		Author:  atomAuthor{Name: unknownAuthor},
		Links:   []atomLink{{Relation: "alternate", Type: "text/html", Address: e.Address}},
		Summary: xmlText(e.Summary),
	}
	if e.Author != nil {
		entry.Author = atomAuthor{Name: xmlText(e.Author.Name), URI: e.Author.Address}
	}
	for _, tag := range e.Tags {
		entry.Categories = append(entry.Categories, atomCategory{Term: xmlText(tag)})
	}
	if e.HTML != "" {
		entry.Content = &atomText{Type: "html", Text: xmlText(e.HTML)}
	}
	return entry
}

// encodeXML returns v as an XML document.
func encodeXML(v any) ([]byte, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode XML: %w", err)
	}
	return append([]byte(xml.Header), body...), nil
}
