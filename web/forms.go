package web

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/httperror"
	"gin-blog/internal/validation"
	"gin-blog/models"
)

// form is what the template of a form shows.
type form struct {
	Action string // the path that it is sent to, escaped; "" for the address of the page
	Button string
	Danger bool // the button destroys something
	// More are further buttons, for what else can be done with the fields.
	More []button
	// Autosave lets the script of the page save what is typed.
	Autosave bool
	Notice   string // what to know before filling it in
	Alert    string // what is wrong with all of it
	Hidden   []hidden
	Fields   []field
	Other    *link // what else one might want
}

// button is a button of a form beside the first one.
type button struct {
	Do   string // what the form has in the field "do" then
	Text string
	// TakesUnfinished says that required fields may be empty.
	TakesUnfinished bool
}

// field is a field of a form.
type field struct {
	Name         string
	Label        string
	Type         string // of an input
	Rows         int    // of a textarea, 0 for an input
	Value        string
	Autocomplete string
	Verbatim     bool // a keyboard corrects nothing
	Required     bool
	Hidden       bool     // not shown: it tells a password manager whose password it is
	Suggestions  []string // of an input
	Hint         string
	Error        string
	// Prefix tells the fields of several forms on one page apart.
	Prefix string
}

// hidden is a value that a form sends without showing it.
type hidden struct{ Name, Value string }

type link struct{ Address, Text string }

// ID returns the id of the field's element.
func (f field) ID() string { return f.Prefix + f.Name }

// DescribedBy returns the ids of the elements that say more about the field.
func (f field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

// keyOf returns the key by which a form that is sent twice makes one thing, or a new one if the form has none.
func keyOf(sent values) string {
	if key := sent["key"]; models.IsIdempotencyKey(key) {
		return key
	}
	return rand.Text()
}

// longText returns a text that may have several lines as it was sent, or "" if there is nothing to read in it.
func longText(sent string) string {
	if strings.TrimSpace(sent) == "" {
		return ""
	}
	return sent
}

// refuse shows a form again, with what is wrong with it. What was typed stays, but no password.
func (p *Pages) refuse(c *gin.Context, err error, name string, v *view, f *form) error {
	if models.KindOf(err) == models.TokenInvalid { // the session has ended since the request began
		return p.askToLogIn(c)
	}
	e := httperror.Of(c.Request.Context(), err)
	f.explain(e)
	e.SetRetryAfter(c.Writer.Header())
	if e.Status >= http.StatusInternalServerError {
		_ = c.Error(err) // for the log
	}
	return p.render(c, e.Status, name, v)
}

// explain says what is wrong with a form, at the fields where it is.
func (f *form) explain(e *httperror.Error) {
	for _, detail := range e.Details {
		if !f.mark(detail) {
			f.Alert = e.Message
		}
	}
	switch {
	case e.Details == nil:
		f.Alert = e.Message
	case f.Alert == "":
		f.Alert = "Please correct the fields that are marked below."
	}
}

// keep puts what was typed into the fields, but no password.
func (f *form) keep(sent values) {
	for i := range f.Fields {
		if f.Fields[i].Type != "password" {
			f.Fields[i].Value = sent[f.Fields[i].Name]
		}
	}
}

// mark says at a field what is wrong with it. It returns false if the form has no such field.
func (f *form) mark(detail validation.FieldError) bool {
	name, _, isOfSeveral := strings.Cut(detail.Field, "[")
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			label := f.Fields[i].Label
			if isOfSeveral {
				label += ": each"
			}
			f.Fields[i].Error = label + " " + detail.Message
			return true
		}
	}
	return false
}
