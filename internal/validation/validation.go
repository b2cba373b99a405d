// Package validation has the rules for what users send: usernames, passwords, titles, texts. The API and the pages
// check their requests against them, by the `validate` tags of the request types.
package validation

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// Validator checks requests against the rules in their `validate` tags. It is safe for concurrent use.
type Validator struct {
	validate *validator.Validate
	messages map[string]string // by rule: what a field must be, to be read after its name
}

// FieldError is one field of a request and what is wrong with it.
type FieldError struct {
	Field   string `json:"field"`   // the name in JSON or in a form, or the query parameter
	Message string `json:"message"` // what the field must be, to be read after its name
	Unknown bool   `json:"-"`       // whether the client made the name up, so that a log leaves it out
}

// Error lists the fields of a request that break a rule.
type Error struct {
	Fields []FieldError
}

// Error names the fields. What is wrong with them is in Fields.
func (e *Error) Error() string {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = cmp.Or(f.Field, `""`)
	}
	return "Not valid: " + strings.Join(names, ", ")
}

// The lengths of what users write.
const (
	MaxContent = 100_000 // characters of a post or a draft
	MaxComment = 5_000   // characters
	MaxTags    = 10      // of a post or a draft
)

// rule is a check that a `validate` tag may name.
type rule struct {
	name    string
	message string
	// alias spells the rule in other rules, and in those of the validator's own. A field that breaks one of them gets the
	// message of that one if it has one. If alias is empty, holds checks a string; parent is the struct that the string
	// belongs to.
	alias string
	holds func(value string, parent reflect.Value) bool
}

var (
	usernameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$`)
	idForm       = regexp.MustCompile(`^[0-9A-Fa-f]{24}$`)
	emailForm    = regexp.MustCompile(
		"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})*$")
	// badInLine are the characters that no text of one line may have: control characters, and those that change the
	// direction of text.
	badInLine = regexp.MustCompile(`[\p{Cc}\x{202A}-\x{202E}\x{2066}-\x{2069}]`)
	// badInText are the control characters that no text may have: all but tab, line feed and carriage return.
	badInText = regexp.MustCompile(`[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}]`)
)

// rules are the rules of the blog. A field with the rule password must also differ from the field Username of its
// struct.
func rules(passwordMinLength int) []rule {
	return []rule{
		{name: "required", message: "is required"},
		{name: "required_without", message: "or email is required"},
		{name: "excluded_with", message: "and email are two ways to say one thing: send one of them"},
		{name: "login", alias: "max=254", message: "must have at most 254 characters"},
		{name: "username", alias: "handle,noid", message: "is not a username"},
		{name: "handle", holds: matches(usernameForm),
			message: "must be 3 to 32 of the characters A-Z a-z 0-9 . _ - and start with a letter or digit"},
		{name: "noid", holds: lacks(idForm), message: "must not be 24 hex digits, which would look like an id"},
		{name: "password", alias: fmt.Sprintf("min=%d,bcrypt,nonul,notusername", passwordMinLength),
			message: fmt.Sprintf("must have at least %d characters", passwordMinLength)},
		{name: "bcrypt", holds: func(password string, _ reflect.Value) bool { return len(password) <= auth.MaxPasswordBytes },
			message: fmt.Sprintf("must have at most %d bytes", auth.MaxPasswordBytes)},
		{name: "nonul", holds: func(password string, _ reflect.Value) bool { return !strings.ContainsRune(password, 0) },
			message: "must have no NUL character"},
		{name: "notusername", holds: isNotUsername, message: "must differ from the username"},
		{name: "email", holds: isEmail,
			message: "must be a plain address like alice@example.com, of at most 254 characters, or empty"},
		{name: "line", holds: lacks(badInLine),
			message: "must have no control character, and none that changes the direction of writing"},
		{name: "text", holds: lacks(badInText), message: "must have no control characters but tabs and line breaks"},
		{name: "name", alias: "max=100,line", message: "must have at most 100 characters"},
		{name: "bio", alias: "max=1000,text", message: "must have at most 1000 characters"},
		{name: "title", alias: "min=1,max=200,line", message: "must have 1 to 200 characters"},
		{name: "content", alias: fmt.Sprintf("min=1,max=%d,text", MaxContent),
			message: fmt.Sprintf("must have 1 to %d characters", MaxContent)},
		{name: "draft", alias: fmt.Sprintf("max=%d,text", MaxContent),
			message: fmt.Sprintf("must have at most %d characters", MaxContent)},
		{name: "comment", alias: fmt.Sprintf("min=1,max=%d,text", MaxComment),
			message: fmt.Sprintf("must have 1 to %d characters", MaxComment)},
		{name: "tags", alias: fmt.Sprintf("max=%d,unique", MaxTags),
			message: fmt.Sprintf("must be at most %d, all different", MaxTags)},
		{name: "tag", holds: func(tag string, _ reflect.Value) bool { return IsTag(tag) }, message: TagMessage},
	}
}

// New makes a Validator for requests, which are values of all types that it will check. New passwords have at least
// passwordMinLength characters. New fails if a tag of a request names an unknown rule, or if a text has no rule.
func New(passwordMinLength int, requests ...any) (*Validator, error) {
	return newValidator(rules(passwordMinLength), requests...)
}

// newValidator makes a Validator with the given rules. It fails if a rule has no message.
func newValidator(rules []rule, requests ...any) (*Validator, error) {
	v := &Validator{
		validate: validator.New(validator.WithRequiredStructEnabled()),
		messages: make(map[string]string, len(rules)),
	}
	v.validate.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(cmp.Or(f.Tag.Get("json"), f.Tag.Get("form")), ",")
		return name
	})
	for _, r := range rules {
		if r.message == "" {
			return nil, fmt.Errorf("the rule %s has no message", r.name)
		}
		v.messages[r.name] = r.message
		if r.alias != "" {
			v.validate.RegisterAlias(r.name, r.alias)
		}
		if r.holds == nil {
			continue
		}
		check := func(field validator.FieldLevel) bool { return r.holds(field.Field().String(), field.Parent()) }
		if err := v.validate.RegisterValidation(r.name, check); err != nil {
			return nil, fmt.Errorf("register the rule %s: %w", r.name, err)
		}
	}
	for _, request := range requests {
		if err := v.checkTags(reflect.TypeOf(request)); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// checkTags fails if a `validate` tag of a struct names a rule without a message, or if a text that clients send has no
// rule.
func (v *Validator) checkTags(request reflect.Type) error {
	for field := range request.Fields() {
		name := field.Tag.Get("json") + field.Tag.Get("form")
		if name != "" && name != "-" && isText(field.Type) && field.Tag.Get("validate") == "" {
			return fmt.Errorf("%s.%s: a text needs a rule", request.Name(), field.Name)
		}
		for tag := range strings.SplitSeq(field.Tag.Get("validate"), ",") {
			name, _, _ := strings.Cut(tag, "=")
			if slices.Contains([]string{"", "-", "omitnil", "dive"}, name) { // they check nothing
				continue
			}
			if v.messages[name] == "" {
				return fmt.Errorf("%s.%s: the rule %s has no message", request.Name(), field.Name, name)
			}
		}
	}
	return nil
}

// isText returns whether values of a type are texts, or lists of texts, or pointers to either.
func isText(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.String
}

// Check returns an *Error that names all fields of request that break a rule, by their `json` or `form` tags, or nil.
func (v *Validator) Check(request any) error {
	err := v.validate.Struct(request)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return fmt.Errorf("validate %T: %w", request, err)
	}
	fields := make([]FieldError, len(broken))
	for i, b := range broken {
		message := cmp.Or(v.messages[b.ActualTag()], v.messages[b.Tag()])
		fields[i] = FieldError{Field: b.Field(), Message: message}
	}
	return &Error{Fields: fields}
}

// matches returns a check that a form matches a string.
func matches(form *regexp.Regexp) func(string, reflect.Value) bool {
	return func(value string, _ reflect.Value) bool { return form.MatchString(value) }
}

// lacks returns a check that a form matches no part of a string.
func lacks(form *regexp.Regexp) func(string, reflect.Value) bool {
	return func(value string, _ reflect.Value) bool { return !form.MatchString(value) }
}

func isNotUsername(password string, request reflect.Value) bool {
	return !strings.EqualFold(password, request.FieldByName("Username").String())
}

func isEmail(address string, _ reflect.Value) bool {
	return address == "" || len(address) <= 254 && emailForm.MatchString(address)
}

// CheckPublishAt returns an *Error if a draft may not be told at now to publish itself at a time. The zero time stands
// for never.
func CheckPublishAt(at, now time.Time) error {
	if at.IsZero() || models.MayPublishAt(at, now) {
		return nil
	}
	return &Error{Fields: []FieldError{{Field: "publishAt", Message: "must be a time to come, at most a year ahead"}}}
}

// TagMessage says what a tag must be, to be read after the name of its field.
const TagMessage = "must be 1 to 32 of the characters a-z 0-9 -"

// IsTag returns whether s is 1 to 32 of the characters a-z 0-9 -.
func IsTag(s string) bool {
	other := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, other)
}

// NormalizePost takes the spaces around a title away, and lowers tags, in place. Either may be nil.
func NormalizePost(title *string, tags *[]string) {
	if title != nil {
		*title = strings.TrimSpace(*title)
	}
	if tags != nil {
		lowerTags(*tags)
	}
}

// lowerTags turns the ASCII letters of tags into lower case, in place. Other letters stay, and are refused by the
// rules.
func lowerTags(tags []string) {
	for i, tag := range tags {
		tags[i] = strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, tag)
	}
}
