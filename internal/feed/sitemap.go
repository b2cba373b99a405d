package feed

import (
	"encoding/xml"
	"time"
)

// MaxLinks is how many links a sitemap may have.
const MaxLinks = 50_000

// Link is a page of the site.
type Link struct {
	Address string
	Updated time.Time // the zero time if it is not known
}

type (
	urlSet struct {
		XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		Links   []sitemapURL `xml:"url"`
	}
	sitemapIndex struct {
		XMLName  xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		Sitemaps []sitemapURL `xml:"sitemap"`
	}
	sitemapURL struct {
		Address string `xml:"loc"`
		Updated string `xml:"lastmod,omitempty"`
	}
)

// Sitemap returns a sitemap of at most MaxLinks links.
func Sitemap(links []Link) ([]byte, error) {
	document := urlSet{Links: make([]sitemapURL, len(links))}
	for i, link := range links {
		document.Links[i].Address = link.Address
		if !link.Updated.IsZero() {
			document.Links[i].Updated = timestamp(link.Updated)
		}
	}
	return encodeXML(document)
}

// SitemapIndex returns the list of the sitemaps at these addresses.
func SitemapIndex(addresses []string) ([]byte, error) {
	document := sitemapIndex{Sitemaps: make([]sitemapURL, len(addresses))}
	for i, address := range addresses {
		document.Sitemaps[i].Address = address
	}
	return encodeXML(document)
}

// Robots returns a robots.txt (RFC 9309) that names the sitemap index of the site at this address, and keeps crawlers
// from the pages that are of use only to people who are signed in, or about to be.
func Robots(site string) []byte {
	return []byte(`User-agent: *
Disallow: /account
Disallow: /login
Disallow: /new
Disallow: /p/*/edit
Disallow: /register
Disallow: /reset/

Sitemap: ` + site + `/sitemap.xml
`)
}
