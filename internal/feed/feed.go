// Package feed writes feeds and sitemaps: Atom (RFC 4287), JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) and
// the Sitemap protocol (https://www.sitemaps.org/protocol.html). It knows neither HTTP nor a store.
package feed

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"gin-blog/models"
)

// The content types of the formats.
const (
	AtomType = "application/atom+xml; charset=utf-8"
	JSONType = "application/feed+json; charset=utf-8"
	XMLType  = "application/xml; charset=utf-8"
)

// Feed is a list of entries, newest first. All addresses are absolute.
type Feed struct {
	Title   string
	Address string // of the feed itself
	Page    string // the address of the page that shows the same to people
	Entries []Entry
}

// Entry is one entry of a feed: a post, say.
type Entry struct {
	ID        models.ID
	Address   string // of the page that shows the entry
	Title     string
	Summary   string  // plain text, may be ""
	HTML      string  // the whole content, or "" if only the summary is to be sent
	Author    *Author // nil once the author's account is gone
	Tags      []string
	Published time.Time
	Updated   time.Time
}

// Author wrote an entry.
type Author struct {
	Name    string
	Address string // of the author's page
}

// unknownAuthor is the name of an author whose account is gone. Atom wants a name for each entry.
const unknownAuthor = "somebody who left"

// entryIDs is the namespace of the ids of entries. It must never change.
var entryIDs = uuid.MustParse("5f6c1a0e-3d52-5c6e-9a39-2b7f6f0c7d41")

// EntryID returns the id of an entry: "urn:uuid:" and a UUID that is made from the id of the post (RFC 9562, version
// 5). It does not depend on the address of the site, so that readers know an entry again after a move.
func EntryID(id models.ID) string { return uuid.NewSHA1(entryIDs, id[:]).URN() }

// updated returns when a feed changed last: when an entry did, or 1970 if there is none.
func (f *Feed) updated() time.Time {
	last := time.Unix(0, 0)
	for i := range f.Entries {
		if f.Entries[i].Updated.After(last) {
			last = f.Entries[i].Updated
		}
	}
	return last
}

// timestamp writes a time as RFC 3339 wants it, in UTC with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// xmlText returns a text without the characters that XML 1.0 forbids, however they are escaped
// (https://www.w3.org/TR/xml/#charsets).
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}
