package urls

import (
	"cmp"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"gin-blog/models"
)

// errNoHost says that a request does not tell which address the site has.
var errNoHost = models.NewError(models.Invalid, "The header Host must be the name of this site")

// hosts are the values of Host that are names or addresses, with or without a port.
var hosts = regexp.MustCompile(
	`^([A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

// Address tells the address of the site: the one that the operator has set, or else the one that the client of a
// request uses.
type Address struct {
	base    string // "" if it is not set
	trusted Proxies
}

// NewAddress returns the Address of a site. base is its address, such as "https://blog.example", or "". Then the
// address comes from the header Host, or from X-Forwarded-Host and X-Forwarded-Proto if one of the trusted proxies
// sends the request.
func NewAddress(base string, trustedProxies Proxies) *Address {
	return &Address{base: strings.TrimSuffix(base, "/"), trusted: trustedProxies}
}

// Of returns the address of the site as the client of a request sees it, without a slash at the end:
// "https://blog.example". It is that of the setting if there is one. Otherwise the client decides, so an answer that
// has it must not be kept for clients that use another address: see answer.Keeper.Keep. Of returns an error of
// the kind models.Invalid if the request has no usable Host.
func (a *Address) Of(r *http.Request) (string, error) {
	if a.base != "" {
		return a.base, nil
	}
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if len(a.trusted) > 0 && a.trusted.Trust(ParseAddr(r.RemoteAddr)) {
		if proto := strings.ToLower(lastValue(r.Header, "X-Forwarded-Proto")); proto == "http" || proto == "https" {
			scheme = proto
		}
		host = cmp.Or(lastValue(r.Header, "X-Forwarded-Host"), host)
	}
	if !hosts.MatchString(host) {
		return "", errNoHost
	}
	usualPort := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return scheme + "://" + strings.TrimSuffix(strings.ToLower(host), usualPort), nil
}

// Proxies are the networks of the proxies whose headers are believed.
type Proxies []netip.Prefix

// Trust returns whether an address is that of a trusted proxy.
func (p Proxies) Trust(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// ParseAddr returns the address in a text, which may have a port, or the zero address.
func ParseAddr(text string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	address, _ := netip.ParseAddr(strings.Trim(text, "[]"))
	return address.Unmap().WithZone("")
}

// lastValue returns the last value in a header that may be a list: the nearest proxy has added it.
func lastValue(header http.Header, name string) string {
	values := strings.Split(strings.Join(header.Values(name), ","), ",")
	return strings.TrimSpace(values[len(values)-1])
}
