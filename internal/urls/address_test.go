package urls

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"gin-blog/models"
)

func TestAddressOfARequest(t *testing.T) {
	for name, test := range map[string]struct {
		base, host, peer string
		tls              bool
		header           http.Header
		want             string // "" for a refusal
	}{
		"Host":                 {host: "localhost:3000", want: "http://localhost:3000"},
		"Host over TLS":        {host: "blog.example", tls: true, want: "https://blog.example"},
		"the usual port":       {host: "Blog.Example:443", tls: true, want: "https://blog.example"},
		"the other usual port": {host: "blog.example:443", want: "http://blog.example:443"},
		"IPv6":                 {host: "[::1]:3000", want: "http://[::1]:3000"},
		"a setting":            {base: "https://blog.example/", host: "evil.example", want: "https://blog.example"},
		"a setting, no Host":   {base: "https://blog.example", want: "https://blog.example"},
		"a proxy": {host: "10.0.0.2:3000", peer: "10.0.0.1:5", want: "https://blog.example",
			header: http.Header{"X-Forwarded-Host": {"blog.example"}, "X-Forwarded-Proto": {"https"}}},
		"a proxy, IPv4 in IPv6": {host: "blog.example", peer: "[::ffff:10.0.0.1]:5", want: "https://blog.example",
			header: http.Header{"X-Forwarded-Proto": {"HTTPS"}}},
		"a proxy that adds to what a client sent": {host: "a.example", peer: "10.0.0.1:5", want: "https://blog.example",
			header: http.Header{
				"X-Forwarded-Host": {"evil.example, blog.example"}, "X-Forwarded-Proto": {"ftp", "http,https"}}},
		"a proxy with another scheme": {host: "blog.example", peer: "10.0.0.1:5", want: "http://blog.example",
			header: http.Header{"X-Forwarded-Proto": {"javascript"}}},
		"no proxy": {host: "blog.example", peer: "192.0.2.1:5", want: "http://blog.example",
			header: http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"https"}}},
		"no other header": {host: "blog.example", peer: "10.0.0.1:5", want: "http://blog.example",
			header: http.Header{"Forwarded": {"host=evil.example;proto=https"}, "X-Forwarded-Port": {"1"}}},
		"a proxy with a bad name": {host: "blog.example", peer: "10.0.0.1:5",
			header: http.Header{"X-Forwarded-Host": {"blog.example/<script>"}}},
		"no Host":              {},
		"a path":               {host: "blog.example/x"},
		"a user":               {host: "user@blog.example"},
		"a bracket":            {host: "<script>"},
		"a space":              {host: "blog.example x"},
		"a line break":         {host: "blog.example\n"},
		"a quote":              {host: `blog.example"`},
		"no port after a sign": {host: "blog.example:"},
		"a long port":          {host: "blog.example:123456"},
		"a long name":          {host: strings.Repeat("a", 300)},
	} {
		t.Run(name, func(t *testing.T) {
			address := NewAddress(test.base,
				[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::1/128")})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host, r.RemoteAddr = test.host, test.peer
			if test.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for name, values := range test.header {
				r.Header[name] = values
			}
			got, err := address.Of(r)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("the address is %q (%v), not %q", got, err, test.want)
			}
			if err != nil && models.KindOf(err) != models.Invalid {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
