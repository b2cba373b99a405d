package answer

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"time"

	"gin-blog/models"
)

var (
	// ErrChanged says that If-Match or If-Unmodified-Since want another state than the present one.
	ErrChanged = models.NewError(models.Changed, "It has changed since the given ETag or time: read it again")
	// ErrWeak says that If-Match has only other ETags than the present one, and weak ones, as some proxies make them of
	// ours. None is the ETag of a state for sure.
	ErrWeak = models.NewError(models.Changed, "If-Match takes no weak ETag: leave out the W/ before the quotes")
	// ErrExcluded says that If-None-Match excludes the present state.
	ErrExcluded = models.NewError(models.Changed, "It is in a state that If-None-Match excludes")
)

// entityTag is an element of If-Match or If-None-Match: a tag, which may contain commas, or "*".
var entityTag = regexp.MustCompile(`(?:^|,)\s*((?:W/)?"[^"]*"|\*[^,]*)`)

// tagList is what If-Match and If-None-Match may have: "*", or ETags in quotes with commas between them (RFC 9110,
// sections 5.6.1 and 8.8.3).
var tagList = regexp.MustCompile(`^[\s,]*(\*|(W/)?"[^"]*"(\s*,[\s,]*(W/)?"[^"]*")*)[\s,]*$`)

// CheckTags refuses an If-Match or If-None-Match that no ETag could ever match, because it is malformed. An empty
// If-None-Match is none.
func CheckTags(header http.Header) error {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		values, sent := header[name]
		list := strings.Join(values, ",")
		if sent && !tagList.MatchString(list) && (name == "If-Match" || list != "") {
			return models.Refuse(models.Invalid, nil, `%s must have the ETag in its quotes, such as "abc"`, name)
		}
	}
	return nil
}

// Tag returns a strong ETag that covers all of an answer: its body, and what else tells two of them apart. Contents
// that differ never have the same tag, whoever changed them.
func Tag(body []byte, more string) string {
	hash := sha256.New()
	hash.Write(body)
	hash.Write([]byte(more))
	return `"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15]) + `"`
}

// isUnchanged evaluates the preconditions of a read (RFC 9110, section 13.2.2): it returns whether If-None-Match
// has the ETag or, where there is no If-None-Match, whether If-Modified-Since is not before lastModified. An empty
// ETag or lastModified matches nothing.
func isUnchanged(header http.Header, etag, lastModified string) bool {
	if values := header.Values("If-None-Match"); len(values) > 0 {
		return etag != "" && matches(values, etag, true)
	}
	ifModifiedSince := header.Get("If-Modified-Since")
	if ifModifiedSince == "" { // usually
		return false
	}
	since, err := http.ParseTime(ifModifiedSince)
	modified, unknown := http.ParseTime(lastModified)
	return err == nil && unknown == nil && !modified.After(since)
}

// CheckWrite evaluates the preconditions of a write (RFC 9110, section 13.2.2) on a resource that has this ETag and
// was last modified then. It returns ErrChanged, ErrWeak or ErrExcluded if they do not hold.
func CheckWrite(header http.Header, etag func() string, modified time.Time) error {
	if values := header.Values("If-Match"); len(values) > 0 {
		switch {
		case matches(values, etag(), false):
		case strings.Contains(strings.Join(values, ","), `W/"`):
			return ErrWeak
		default:
			return ErrChanged
		}
	} else if since, err := http.ParseTime(header.Get("If-Unmodified-Since")); err == nil {
		if modified.Truncate(time.Second).After(since) {
			return ErrChanged
		}
	}
	if values := header.Values("If-None-Match"); len(values) > 0 && matches(values, etag(), true) {
		return ErrExcluded
	}
	return nil
}

// matches returns whether the values of If-Match or If-None-Match have an ETag, or that of the same representation with
// compression, or "*". A weak tag matches only a weak comparison.
func matches(values []string, etag string, weak bool) bool {
	for _, tag := range entityTags(values) {
		if weak {
			tag = strings.TrimPrefix(tag, "W/")
		}
		if tag == "*" || tag == etag || tag == gzipTag(etag) {
			return true
		}
	}
	return false
}

// gzipTag returns the ETag of an answer when it is compressed. A strong ETag identifies one representation, and the
// compressed one is another (RFC 9110, section 8.8.3.3).
func gzipTag(etag string) string { return strings.TrimSuffix(etag, `"`) + `-gzip"` }

// entityTags splits the values of If-Match or If-None-Match into tags. Tags keep their quotes, and weak tags their W/.
func entityTags(values []string) (tags []string) {
	for _, match := range entityTag.FindAllStringSubmatch(strings.Join(values, ","), -1) {
		tags = append(tags, strings.TrimSpace(match[1]))
	}
	return tags
}
