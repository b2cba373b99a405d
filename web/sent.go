package web

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
	"gin-blog/internal/validation"
)

const (
	// maxLine is how many characters a field has at most, but for long texts: more than any rule allows, so that what is a
	// little too long is shown again, with what is wrong.
	maxLine = 1000
	// maxBio, maxContent and maxComment are the same for long texts.
	maxBio     = 2 * 1000
	maxContent = 2 * validation.MaxContent
	maxComment = 2 * validation.MaxComment

	// maxSent is how many fields a form has at most, known or not. Extensions of browsers may add some.
	maxSent = 100
	// maxEscaped is how many bytes a character takes in a form at most: four escapes.
	maxEscaped = 12
)

// fields are the names of the fields that a form has, and how many characters each may have.
type fields map[string]int

// with returns fields together with further ones.
func (f fields) with(more ...fields) fields {
	all := maps.Clone(f)
	for _, m := range more {
		maps.Copy(all, m)
	}
	return all
}

// The fields of every form. One that comes back after a login, where the session has ended, has those of the login too.
var (
	accountFields      = fields{"username": maxLine, "password": maxLine}
	loginPageFields    = accountFields.with(fields{"next": maxNext})
	registrationFields = loginPageFields.with(fields{"email": maxLine})
	profileFields      = accountFields.with(fields{"email": maxLine, "name": maxLine, "bio": maxBio})
	passwordFields     = fields{"username": maxLine, "currentPassword": maxLine, "newPassword": maxLine}
	sessionFields      = fields{"session": maxLine}
	newPostFields      = textFields.with(accountFields, fields{"do": maxLine, "key": maxLine, "draft": maxLine})
	editFields         = textFields.with(accountFields, fields{"do": maxLine, "version": maxLine, "conflict": maxLine})
	draftFields        = editFields.with(fields{"publishAt": maxLine, "zone": maxLine})
	newCommentFields   = accountFields.with(fields{"content": maxComment, "key": maxLine})
	commentFields      = accountFields.with(fields{"content": maxComment, "version": maxLine})
	deletionFields     = fields{"version": maxLine, "next": maxNext}
	noFields           = fields{}
)

// values are what a browser sent in a form.
type values map[string]string

// readForm reads the known fields of the form in the body of a request, and ignores others. It refuses a form as soon
// as a known field is longer than it may be, and so before anything of it is shown again.
func readForm(c *gin.Context, known fields) (values, error) {
	if c.ContentType() != "application/x-www-form-urlencoded" || c.GetHeader("Content-Encoding") != "" {
		return nil, &httperror.Error{Kind: httperror.UnsupportedType, Message: "Send the form as a browser does."}
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, err
	}
	form, count := values{}, 0
	for pair := range bytes.SplitSeq(body, []byte("&")) {
		if count++; count > maxSent {
			return nil, httperror.BadRequest(nil, "The form has more than %d fields.", maxSent)
		}
		escapedName, escaped, _ := bytes.Cut(pair, []byte("="))
		if len(escapedName) > maxLine { // no name is as long
			continue
		}
		name, err := url.QueryUnescape(string(escapedName))
		limit, isKnown := known[name]
		if err != nil || !isKnown {
			continue
		}
		if _, twice := form[name]; twice {
			return nil, httperror.BadRequest(nil, "The form must have each field once, in UTF-8.")
		}
		if form[name], err = readField(name, escaped, limit); err != nil {
			return nil, err
		}
	}
	return form, nil
}

// readField reads the value of a field, which may have so many characters.
func readField(name string, escaped []byte, limit int) (string, error) {
	tooLong := &httperror.Error{
		Kind: httperror.PayloadTooLarge, Message: fmt.Sprintf("The field %s is much too long: make it shorter.", name),
	}
	if len(escaped) > limit*maxEscaped {
		return "", tooLong
	}
	value, err := url.QueryUnescape(string(escaped))
	if err != nil || !utf8.ValidString(value) {
		return "", httperror.BadRequest(err, "The form must have each field once, in UTF-8.")
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
