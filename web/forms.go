package web

import (
	"crypto/rand"
	"html/template"
	"maps"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/models"
)

// form is what a template shows of a form, and what a browser may send. Labels, hints and buttons are in the templates.
type form struct {
	Action string // the path that it is sent to, escaped; "" for the address of the page
	Other  string // the address of what else one might want, "" for none
	Notice string // what to know before filling it in
	Alert  string // what is wrong with all of it
	Typed  bool   // whether it shows what was typed
	// Prefix begins the ids of the fields, to tell those of several forms on one page apart.
	Prefix string
	// Kept are the fields of the form that is sent after a login.
	Kept map[string]string

	focus  string            // the first field that is wrong
	limits map[string]int    // how many characters each field has at most, by its name
	values map[string]string // what the fields show, or what was sent
	errors map[string]string // what is wrong with each, to be read after its label
}

// newForm returns a form that has the fields with these names.
func newForm(action string, names ...string) *form {
	f := &form{Action: action, limits: map[string]int{}, values: map[string]string{}, errors: map[string]string{}}
	for _, name := range names {
		f.limits[name] = maxLine
	}
	return f
}

// Has returns whether the form has a field.
func (f *form) Has(name string) bool { return f.limits[name] > 0 }

// Value returns what a field shows.
func (f *form) Value(name string) string { return f.values[name] }

// Wrong returns whether something is wrong with a field.
func (f *form) Wrong(name string) bool { return f.errors[name] != "" }

// field is a field of a form as the templates "field" and "area" show it.
type field struct {
	ID, Name, Label, Hint, Value, Error string
	Attributes                          template.HTMLAttr // of the element, among them its type
}

// Field returns a field.
func (f *form) Field(name, label, hint string, attributes template.HTMLAttr) field {
	shown := field{
		ID: f.Prefix + name, Name: name, Label: label, Hint: hint, Value: f.values[name], Attributes: attributes,
	}
	if wrong := f.errors[name]; wrong != "" {
		shown.Error = label + wrong
		if name == f.focus {
			shown.Attributes += " autofocus"
		}
	}
	return shown
}

// Password returns a field that never shows what was typed.
func (f *form) Password(name, label, hint string, attributes template.HTMLAttr) field {
	shown := f.Field(name, label, hint, `type="password" required `+attributes)
	shown.Value = ""
	return shown
}

// show puts values into the fields with their names.
func (f *form) show(values map[string]string) { maps.Copy(f.values, values) }

// newKeys gives the form other values by which it makes one thing if it is sent twice: a key, and the id of a draft.
func (f *form) newKeys() { f.values["key"], f.values["draft"] = rand.Text(), models.NewID().Hex() }

// refuse shows the form of a page again, with what is wrong with it. What was typed stays, but no password.
func (p *Pages) refuse(c *gin.Context, err error, v *view) error {
	if models.KindOf(err) == models.TokenInvalid { // the session has ended since the request began
		return askToLogIn(c)
	}
	e := answer.ErrorOf(c.Request.Context(), err)
	v.Form.explain(e)
	e.SetRetryAfter(c.Writer.Header())
	if e.Code >= http.StatusInternalServerError {
		_ = c.Error(err) // for the log
	}
	return p.render(c, e.Code, v)
}

// explain says what is wrong with a form, at the fields where it is.
func (f *form) explain(e *answer.Error) {
	for _, detail := range e.Fields {
		name, _, isOfSeveral := strings.Cut(detail.Field, "[")
		if f.focus == "" && f.Has(name) {
			f.focus = name
		}
		f.errors[name] = " " + detail.Message
		if isOfSeveral {
			f.errors[name] = ": each " + detail.Message
		}
		if !f.Has(name) {
			f.Alert = e.Message
		}
	}
	if e.Fields == nil {
		f.Alert = e.Message
	} else if f.Alert == "" {
		f.Alert = "Please correct the fields that are marked below."
	}
}
