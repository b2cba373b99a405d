package feed

import "encoding/xml"

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
