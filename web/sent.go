package web

import (
	"bytes"
	"maps"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	// maxLine is how many characters are read of a field without a limit of its own: more than any rule allows, so that
	// what is a little too long is shown again, with what is wrong.
	maxLine = 1000
	// maxBio, maxContent and maxComment are the same for long texts.
	maxBio     = 2 * 1000
	maxContent = 2 * models.MaxContent
	maxComment = 2 * models.MaxComment

	// maxSent is how many fields a form has at most, known or not. Extensions of browsers may add some.
	maxSent = 100
	// maxEscaped is how many bytes a character takes in a form at most: four escapes.
	maxEscaped = 12
)

// read puts what a browser sent in place of the values of f, and ignores fields that f does not have. It refuses a form
// as soon as a field is longer than it may be, and so before anything of it is shown again.
func (f *form) read(c *gin.Context) error {
	if c.ContentType() != "application/x-www-form-urlencoded" || c.GetHeader("Content-Encoding") != "" {
		return models.Refuse(models.UnsupportedType, nil, "Send the form as a browser does.")
	}
	f.Typed = true
	// The button that was pressed, and the login that is asked for in place of the form if the session has ended.
	limits := map[string]int{"do": maxLine, "username": maxLine, "password": maxLine}
	maps.Copy(limits, f.limits)
	sent, count := map[string]string{}, 0
	for pair := range bytes.SplitSeq(middleware.RequestBody(c), []byte("&")) {
		if count++; count > maxSent {
			return models.Refuse(models.Invalid, nil, "The form has more than %d fields.", maxSent)
		}
		escapedName, escaped, _ := bytes.Cut(pair, []byte("="))
		if len(escapedName) > maxLine { // no name is as long
			continue
		}
		name, err := url.QueryUnescape(string(escapedName))
		limit, isKnown := limits[name]
		if err != nil || !isKnown {
			continue
		}
		if _, twice := sent[name]; twice {
			return models.Refuse(models.Invalid, nil, "The form must have each field once, in UTF-8.")
		}
		if sent[name], err = readField(name, escaped, limit); err != nil {
			return err
		}
	}
	f.values = sent // so a field that was not sent is empty
	if f.Has("key") && !models.IsIdempotencyKey(f.values["key"]) {
		f.newKeys()
	}
	return nil
}

// readField reads the value of a field, which may have so many characters.
func readField(name string, escaped []byte, limit int) (string, error) {
	tooLong := models.Refuse(models.TooLarge, nil, "The field %s is much too long: make it shorter.", name)
	if len(escaped) > limit*maxEscaped {
		return "", tooLong
	}
	value, err := url.QueryUnescape(string(escaped))
	if err != nil || !utf8.ValidString(value) {
		return "", models.Refuse(models.Invalid, err, "The form must have each field once, in UTF-8.")
	}
	if value = normalizeLines(value); utf8.RuneCountInString(value) > limit {
		return "", tooLong
	}
	return value, nil
}

// normalizeLines returns a text with LF for every line break. Browsers send a line break as CRLF (HTML Standard,
// "constructing the entry list").
func normalizeLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
