package middleware

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// ContentTag returns a strong ETag that covers all of an answer: its body, and what else tells two of them apart.
// Contents that differ never have the same tag, whoever changed them.
func ContentTag(body []byte, more string) string {
	hash := sha256.New()
	hash.Write(body)
	hash.Write([]byte(more))
	return `"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15]) + `"`
}

// IsUnchanged evaluates the preconditions of a read (RFC 9110, section 13.2.2): it returns whether If-None-Match
// has the ETag or, where there is no If-None-Match, whether If-Modified-Since is not before lastModified. An empty
// ETag or lastModified matches nothing.
func IsUnchanged(header http.Header, etag, lastModified string) bool {
	if values := header.Values("If-None-Match"); len(values) > 0 {
		return etag != "" && matchesWeakly(values, etag)
	}
	ifModifiedSince := header.Get("If-Modified-Since")
	if ifModifiedSince == "" || lastModified == "" {
		return false
	}
	since, err := http.ParseTime(ifModifiedSince)
	if err != nil {
		return false
	}
	modified, err := http.ParseTime(lastModified)
	return err == nil && !modified.After(since)
}

// WritePreconditions is how the preconditions of a write turn out.
type WritePreconditions struct {
	Changed     bool // If-Match or If-Unmodified-Since want another state: refuse the write
	Excluded    bool // If-None-Match excludes the present state: refuse the write
	Conditional bool // the write must find the present state still unchanged
}

// HasPreconditions returns whether a write has preconditions.
func HasPreconditions(header http.Header) bool {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since"} {
		if len(header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// CheckWrite evaluates the preconditions of a write (RFC 9110, section 13.2.2) on a resource that has this ETag and
// was last modified then.
func CheckWrite(header http.Header, etag string, modified time.Time) (p WritePreconditions) {
	if values := header.Values("If-Match"); len(values) > 0 {
		matches, anything := matchesStrongly(values, etag)
		p.Changed, p.Conditional = !matches, !anything
	} else if since, err := http.ParseTime(header.Get("If-Unmodified-Since")); err == nil {
		p.Changed, p.Conditional = modified.Truncate(time.Second).After(since), true
	}
	if values := header.Values("If-None-Match"); len(values) > 0 {
		p.Excluded, p.Conditional = matchesWeakly(values, etag), true
	}
	return p
}

// matchesWeakly returns whether the values of If-None-Match have an ETag of an uncompressed representation, or "*".
func matchesWeakly(values []string, etag string) bool {
	for _, tag := range entityTags(values) {
		if tag == "*" || uncompressed(strings.TrimPrefix(tag, "W/")) == etag {
			return true
		}
	}
	return false
}

// matchesStrongly returns whether the values of If-Match have an ETag of an uncompressed representation, or "*". A
// weak tag never matches.
func matchesStrongly(values []string, etag string) (matches, anything bool) {
	for _, tag := range entityTags(values) {
		if tag == "*" {
			return true, true
		}
		matches = matches || uncompressed(tag) == etag
	}
	return matches, false
}

// uncompressed returns the ETag of the same representation without compression.
func uncompressed(tag string) string {
	if base, ok := strings.CutSuffix(tag, gzipSuffix+`"`); ok {
		return base + `"`
	}
	return tag
}

// entityTags splits the values of If-Match or If-None-Match into tags. Tags keep their quotes, and weak tags their
// W/. A tag may contain commas.
func entityTags(values []string) (tags []string) {
	rest := strings.TrimSpace(strings.Join(values, ","))
	for rest != "" {
		prefix := ""
		if strings.HasPrefix(rest, "W/") {
			prefix, rest = "W/", rest[2:]
		}
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return tags
			}
			tags = append(tags, prefix+rest[:end+2])
			rest = rest[end+2:]
		} else if token, _, _ := strings.Cut(rest, ","); strings.TrimSpace(token) == "*" {
			tags = append(tags, "*")
		}
		_, rest, _ = strings.Cut(rest, ",")
		rest = strings.TrimSpace(rest)
	}
	return tags
}
