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

// representation is the version of the form that posts are rendered in. It changes with the form, so that no client keeps an
// old one.
const representation = 1

// postTag is the strong ETag of one post: its revision says all that can change about it.
func postTag(r models.Revision) string { return listTag([]models.Revision{r}, false) }

// listTag is the strong ETag of a page of posts, and of whether there are more.
func listTag(page []models.Revision, more bool) string {
	const usual = 40 // bytes of a revision
	state := make([]byte, 2, 2+usual*len(page))
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
	hash := sha256.Sum256(state)
	return `"` + base64.RawURLEncoding.EncodeToString(hash[:15]) + `"`
}

// unchanged tells whether the client has the representation with this ETag (RFC 9110, section 13.1.2), and if so answers
// 304 with the ETag that it has it under.
func unchanged(c *gin.Context, etag string) bool {
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

// asks tells whether a request has If-None-Match.
func asks(c *gin.Context) bool { return c.GetHeader("If-None-Match") != "" }

// ifMatch refuses a request whose If-Match does not name the state of a post (RFC 9110, section 13.1.1). Where it does, it
// returns the version that the change itself must still meet; nil for any version.
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
		if uncompressed(tag) == etag { // a weak one, with its prefix, never is
			return &p.Version, nil
		}
	}
	return nil, models.ErrPostChanged
}

// uncompressed is the ETag of the same representation without compression.
func uncompressed(tag string) string {
	if base, ok := strings.CutSuffix(tag, middleware.GzipETagSuffix+`"`); ok {
		return base + `"`
	}
	return tag
}

// entityTags splits the values of If-Match or If-None-Match into tags, with their quotes and the W/ of weak ones. A tag may
// hold commas.
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
