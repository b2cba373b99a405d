package web

import (
	"strings"
	"time"

	"gin-blog/middleware"
)

// versionTag returns a text that tells the states of a post, a draft or a comment apart: by when it changed last, and
// by its texts. A form has it as a hidden field, so that an edit that crosses another is noticed.
func versionTag(updated time.Time, texts ...string) string {
	state := strings.Join(append([]string{versionTime(updated)}, texts...), "\x00")
	return strings.Trim(middleware.ContentTag([]byte(state), ""), `"`)
}

// versionTime returns a time as a versionTag has it.
func versionTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000") }
