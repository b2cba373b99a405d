package models

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// FieldError is one field of a request and what is wrong with it.
type FieldError struct {
	Field   string // in the client's words: the JSON name or the query parameter
	Message string // what it must be, to be read after the field's name
}

// ValidationError lists every field that breaks a rule.
type ValidationError struct {
	Fields []FieldError
}

// Error joins what is wrong into one sentence.
func (e *ValidationError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = cmp.Or(f.Field, `""`) + " " + f.Message
	}
	return strings.Join(parts, "; ")
}

// MaxPasswordBytes is where bcrypt stops reading a password (Provos and Mazières, "A Future-Adaptable Password
// Scheme", 1999).
const MaxPasswordBytes = 72

// Validator checks what clients send against the rules of the blog. It serves any number of goroutines.
type Validator struct {
	validate *validator.Validate
	messages map[string]string
}

// NewValidator makes a Validator whose passwords have at least passwordMinLength characters.
//
// Its rules are the words a `validate` tag may use: username, password, email, name, bio, title, content, tags.
// A field tagged password is also compared with its neighbour Username, where there is one.
func NewValidator(passwordMinLength int) *Validator {
	v := &Validator{
		validate: validator.New(validator.WithRequiredStructEnabled()),
		messages: map[string]string{
			"required":         "is required",
			"required_without": "or email is required",
			"excluded_with":    "and email are two ways to say one thing: send one of them",
			"username":         "must be 3 to 32 of the characters A-Z a-z 0-9 . _ - and start with a letter or digit, and not be 24 hex digits",
			"password": fmt.Sprintf("must have at least %d characters and at most %d bytes, no NUL, and differ from the username",
				passwordMinLength, MaxPasswordBytes),
			"email":   "must be a plain address like alice@example.com, of at most 254 characters, or empty",
			"name":    "must have at most 100 characters, none of them a control character or a change of direction",
			"bio":     "must have at most 1000 characters, and no NUL",
			"title":   "must have 1 to 200 characters",
			"content": "must have 1 to 100000 characters",
			"tags":    "must be at most 10, all different",
			"tag":     "must be 1 to 32 of the characters a-z 0-9 -",
		},
	}
	v.validate.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})

	v.validate.RegisterAlias("title", "min=1,max=200")
	v.validate.RegisterAlias("content", "min=1,max=100000")
	v.validate.RegisterAlias("tags", "max=10,unique")

	usernameForm := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$`)
	hexID := regexp.MustCompile(`^[0-9A-Fa-f]{24}$`)
	emailForm := regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})*$")
	controls := regexp.MustCompile(`[\p{Cc}\x{202A}-\x{202E}\x{2066}-\x{2069}]`) // the latter turn the direction of text

	v.rule("username", func(value string, _ reflect.Value) bool {
		return usernameForm.MatchString(value) && !hexID.MatchString(value)
	})
	v.rule("password", func(value string, parent reflect.Value) bool {
		return utf8.RuneCountInString(value) >= passwordMinLength &&
			len(value) <= MaxPasswordBytes &&
			!strings.ContainsRune(value, 0) &&
			!strings.EqualFold(value, neighbour(parent, "Username"))
	})
	v.rule("email", func(value string, _ reflect.Value) bool {
		return value == "" || len(value) <= 254 && emailForm.MatchString(value)
	})
	v.rule("name", func(value string, _ reflect.Value) bool {
		return utf8.RuneCountInString(value) <= 100 && !controls.MatchString(value)
	})
	v.rule("bio", func(value string, _ reflect.Value) bool {
		return utf8.RuneCountInString(value) <= 1000 && !strings.ContainsRune(value, 0)
	})
	v.rule("tag", func(value string, _ reflect.Value) bool { return IsTag(value) })
	return v
}

// Check holds a struct against the rules in its `validate` tags. What it returns is nil or a *ValidationError.
func (v *Validator) Check(input any) error {
	err := v.validate.Struct(input)
	if err == nil {
		return nil
	}
	broken, ok := err.(validator.ValidationErrors)
	if !ok {
		return fmt.Errorf("validate %T: %w", input, err)
	}
	fields := make([]FieldError, len(broken))
	for i, b := range broken {
		fields[i] = FieldError{Field: b.Field(), Message: v.messages[b.Tag()]}
	}
	return &ValidationError{Fields: fields}
}

// IsTag tells whether s is 1 to 32 of the characters a-z 0-9 -.
func IsTag(s string) bool {
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, odd)
}

// rule gives a name to a check of one string, which also sees the struct that the string stands in.
func (v *Validator) rule(name string, holds func(value string, parent reflect.Value) bool) {
	err := v.validate.RegisterValidation(name, func(fl validator.FieldLevel) bool {
		return holds(fl.Field().String(), fl.Parent())
	})
	if err != nil { // an empty or reserved name: a mistake in this file
		panic(err)
	}
}

// neighbour is the string in the field called name of the struct parent, or "".
func neighbour(parent reflect.Value, name string) string {
	if parent.Kind() != reflect.Struct {
		return ""
	}
	field := parent.FieldByName(name)
	if field.Kind() != reflect.String {
		return ""
	}
	return field.String()
}
