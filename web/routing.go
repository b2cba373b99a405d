package web

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

var (
	errNoPage      = models.NewError(models.NotFound, "There is no page at this address.")
	errNoMethod    = models.NewError(models.MethodNotAllowed, "This page cannot do that.")
	errOtherOrigin = models.NewError(models.Forbidden,
		"This form was sent from another site, so nothing was done. Open the page here and send its form.")
)

const (
	// policy is the Content-Security-Policy of all pages but those with a script of ours. No script runs at all, so
	// neither does one that got past the escaping. Without connect-src, Lighthouse cannot read robots.txt.
	policy = "default-src 'none'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	// scriptPolicy is for pages with a script. It may send requests to this site only.
	scriptPolicy = policy + "; script-src 'self'"
)

// securityHeaders are on every page.
var securityHeaders = map[string]string{
	"Content-Security-Policy": policy,
	// Not no-referrer: with that, browsers send "Origin: null" with forms.
	"Referrer-Policy":              "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

// readQuery leaves in the query of a request what its page reads, each parameter once.
func (p *Pages) readQuery(c *gin.Context) {
	sent, query := c.Request.URL.Query(), url.Values{}
	for _, alternatives := range p.queries[c.FullPath()] {
		isSent := func(name string) bool { return sent.Get(name) != "" }
		if i := slices.IndexFunc(alternatives, isSent); i >= 0 {
			query.Set(alternatives[i], sent.Get(alternatives[i]))
		}
	}
	middleware.SetQuery(c, query)
}

// setHeaders sets the headers that are on every page, also on that of an error.
func setHeaders(c *gin.Context) {
	for name, value := range securityHeaders {
		c.Header(name, value)
	}
}

// isolate keeps pages of other sites from a handle on ours. On plain HTTP, browsers ignore the header, and complain
// about it.
func isolate(c *gin.Context) {
	if isTrustworthy(middleware.OriginOf(c)) {
		c.Header("Cross-Origin-Opener-Policy", "same-origin")
	}
}

// checkIDs refuses a request whose path has something else where an id should be.
func checkIDs(c *gin.Context) error {
	for _, name := range []string{"post", "comment", "id"} {
		if text, ok := c.Params.Get(name); ok {
			if _, err := urls.ParsePost(text); err != nil {
				return errNoPage
			}
		}
	}
	return nil
}

// idOf returns the id in a parameter of the path, which checkIDs has checked.
func idOf(c *gin.Context, parameter string) models.ID {
	id, _ := urls.ParsePost(c.Param(parameter))
	return id
}

// isTrustworthy returns whether nobody between a browser and an origin can change what they send (W3C Secure Contexts,
// section 3.1).
func isTrustworthy(origin string) bool {
	address, err := url.Parse(origin)
	if err != nil {
		return false
	}
	name := address.Hostname()
	ip, _ := netip.ParseAddr(name)
	return address.Scheme == "https" || name == "localhost" || strings.HasSuffix(name, ".localhost") || ip.IsLoopback()
}

// refuseOtherOrigins refuses forms that a page of another origin sends (CSRF). A browser says where a form comes from:
// by Sec-Fetch-Site, or on plain HTTP, by Origin.
func (p *Pages) refuseOtherOrigins(c *gin.Context) error {
	origin, site := c.GetHeader("Origin"), c.GetHeader("Sec-Fetch-Site")
	isOwn := site == "" && origin == middleware.OriginOf(c) // also where a proxy has changed the header Host
	if err := p.origins.Check(c.Request); err != nil && !isOwn {
		if site == "" && strings.HasPrefix(origin, "http") {
			p.wrongHost.Warn("a form was refused, because it came from another site than this one seems to be. If origin is "+
				"the address of this site, set BASE_URL to it, or have the proxy pass the header Host on",
				"origin", middleware.Cut(origin, middleware.MaxLogged), "site", middleware.OriginOf(c))
		}
		return errOtherOrigin
	}
	if !isRead(c) && site == "" && origin == "" && p.cookie.IsSent(c) { // no browser of these days
		return errOtherOrigin
	}
	return nil
}

// keepForVisitors keeps the answers to requests without a cookie, which are the same for everybody. It makes caches ask
// each time, and store nothing of those who are logged in.
func (p *Pages) keepForVisitors(c *gin.Context) error {
	c.Writer.Header().Add("Vary", "Cookie")
	if p.cookie.IsSent(c) {
		c.Header("Cache-Control", "private, no-cache")
		return nil
	}
	c.Header("Cache-Control", "no-cache")
	return p.Base.Keeper.Keep(c, middleware.OriginOf(c))
}

// privately keeps pages with texts that are being written out of shared caches. The browser may store them: with
// no-store, some browsers forget what was typed when their user goes back.
func privately(c *gin.Context) { c.Header("Cache-Control", "private, no-cache") }
