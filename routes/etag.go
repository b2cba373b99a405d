package routes

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// representation is the version of the JSON form of posts. It changes together with the form, so that clients fetch
// posts again that they have in the old form.
const representation = 1

// postTag returns the strong ETag of one post. The revision identifies the post's contents.
func postTag(r models.Revision) string { return listTag([]models.Revision{r}, false) }

// listTag returns the strong ETag of a page of posts, which also covers whether there are more.
func listTag(page []models.Revision, more bool) string {
	const revisionSize = 40 // bytes, for usual usernames
	state := make([]byte, 2, 2+revisionSize*len(page))
	state[0] = representation
	if more {
		state[1] = 1
	}
	for _, r := range page {
		state = append(state, r.ID[:]...)
		state = binary.BigEndian.AppendUint64(state, uint64(r.Version))
		state = append(state, r.Author...)
		state = append(state, 0)
	}
	return newETag(state)
}

// newETag returns the strong ETag of what content determines.
func newETag(content []byte) string {
	hash := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(hash[:15]) + `"`
}

// notModified returns whether If-None-Match has this ETag (RFC 9110, section 13.1.2). If so, it answers 304, with
// the ETag as the client has it.
func notModified(c *gin.Context, etag string) bool {
	for _, tag := range entityTags(c.Request.Header.Values("If-None-Match")) {
		tag = strings.TrimPrefix(tag, "W/")
		if tag != "*" && uncompressed(tag) != etag {
			continue
		}
		if tag == "*" {
			tag = etag
		}
		c.Header("ETag", tag)
		c.Status(http.StatusNotModified)
		return true
	}
	return false
}

// ifMatch checks the If-Match of a request to change a post (RFC 9110, section 13.1.1). It returns
// models.ErrPostChanged if that names another state of the post, and otherwise the version that the change must be
// limited to, nil for any version.
func ifMatch(c *gin.Context, p *models.Post) (version *int64, err error) {
	values := c.Request.Header.Values("If-Match")
	if len(values) == 0 {
		return nil, nil
	}
	etag := postTag(p.Revision())
	for _, tag := range entityTags(values) {
		if tag == "*" {
			return nil, nil
		}
		if uncompressed(tag) == etag { // a weak tag, which begins with W/, never matches
			return &p.Version, nil
		}
	}
	return nil, models.ErrPostChanged
}

// uncompressed returns the ETag of the same representation without compression.
func uncompressed(tag string) string {
	if base, ok := strings.CutSuffix(tag, middleware.GzipETagSuffix+`"`); ok {
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
