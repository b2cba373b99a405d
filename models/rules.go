package models

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

const (
	// MaxPasswordBytes is the length of the longest password that bcrypt reads in full (Provos and Mazières, "A
	// Future-Adaptable Password Scheme", 1999).
	MaxPasswordBytes = 72
	// MaxEmail is how many characters an email address has at most (RFC 5321, section 4.5.3.1.3).
	MaxEmail = 254
	// MaxComment is how many characters a comment has at most.
	MaxComment = 5_000

	maxName = 100   // characters
	maxBio  = 1_000 // characters
	maxTag  = 32    // characters
)

// Rule returns what is wrong with a text, to be read after the name of its field, or "" if nothing is.
type Rule func(text string) (problem string)

// Check collects what is wrong with the fields of an input.
type Check []FieldError

// Field adds what the first broken rule says of a field.
func (c *Check) Field(name, text string, rules ...Rule) {
	if problem := first(text, rules...); problem != "" {
		c.Add(name, problem)
	}
}

// Add adds what is wrong with a field, to be read after its name.
func (c *Check) Add(name, problem string) { *c = append(*c, FieldError{Field: name, Message: problem}) }

// CheckField returns a refusal that says which rule a field breaks first, or nil.
func CheckField(name, text string, rules ...Rule) error {
	var check Check
	check.Field(name, text, rules...)
	return check.Err()
}

// Err returns a refusal that names all fields with a problem, or nil if there are none.
func (c Check) Err() error {
	if len(c) == 0 {
		return nil
	}
	return RefuseFields(nil, c...)
}

var (
	usernameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$`)
	dottedI      = regexp.MustCompile("i\u0307+")
	emailForm    = regexp.MustCompile(
		"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})*$")
)

// Required refuses a text in which there is nothing to see.
func Required(text string) string {
	if strings.ContainsFunc(text, isVisible) {
		return ""
	}
	return "is required"
}

// NotEmpty is Required for a password, which may be one of spaces.
func NotEmpty(password string) string {
	if password == "" {
		return "is required"
	}
	return ""
}

// emptyOrVisible refuses a text that looks empty and is not.
func emptyOrVisible(text string) string {
	if text != "" && Required(text) != "" {
		return "must be empty or contain visible characters"
	}
	return ""
}

// blanks are characters that are no spaces, and show nothing: that of Braille, a note without a head, and fillers.
const blanks = "\u2800\U0001d159\U00013441\U00013442\U00016fe4"

// isVisible returns whether there is something to see of r. There is nothing of white space, and of characters that
// only say how those around them are shown.
func isVisible(r rune) bool {
	return unicode.Is(unicode.Prepended_Concatenation_Mark, r) || !strings.ContainsRune(blanks, r) && !unicode.In(r,
		unicode.White_Space, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Username is the rule for the name of a new account. Names of 24 hex digits would look like ids.
func Username(name string) string {
	_, notID := ParseID(name)
	switch {
	case !usernameForm.MatchString(name):
		return "must be 3 to 32 of the characters A-Z a-z 0-9 . _ - and start with a letter or digit"
	case notID == nil:
		return "must not be 24 hex digits, which would look like an id"
	}
	return ""
}

// Login is the rule for the name or the email address with which somebody logs in.
func Login(name string) string { return upTo(MaxEmail)(name) }

// NewPassword returns the rule for a new password of the user with a name. It has at least so many characters. They are
// counted in the form that is hashed.
func NewPassword(least int, username string) Rule {
	return func(password string) string {
		switch password = norm.NFC.String(password); {
		case utf8.RuneCountInString(password) < least:
			return fmt.Sprintf("must have at least %d characters", least)
		case len(password) > MaxPasswordBytes:
			return fmt.Sprintf("must have at most %d bytes", MaxPasswordBytes)
		case strings.ContainsRune(password, 0):
			return "must have no NUL character"
		case strings.EqualFold(password, username):
			return "must differ from the username"
		}
		return ""
	}
}

// Email is the rule for the email address of an account, which may be empty.
func Email(address string) string {
	if address == "" || len(address) <= MaxEmail && emailForm.MatchString(address) {
		return ""
	}
	return fmt.Sprintf("must be a plain address like alice@example.com, of at most %d characters, or empty", MaxEmail)
}

// Name is the rule for the name that an author shows.
func Name(name string) string { return first(name, Line(maxName), emptyOrVisible) }

// Line returns the rule for a text in one line, of at most so many characters.
func Line(most int) Rule {
	return func(text string) string { return first(text, upTo(most), oneLine) }
}

// Bio is the rule for what an author says of themselves.
func Bio(bio string) string { return first(bio, upTo(maxBio), multiline) }

// CommentText is the rule for the text of a comment.
func CommentText(text string) string { return first(text, Required, from1To(MaxComment), multiline) }

// FoldTag returns a tag as tags are stored and compared: in lower case and composed (NFC). The Turkish İ becomes i, as
// which it is typed elsewhere.
func FoldTag(tag string) string {
	lower := cases.Lower(language.Und).String(norm.NFC.String(tag))
	return norm.NFC.String(dottedI.ReplaceAllString(lower, "i"))
}

// Tag is the rule for a tag that FoldTag returned. Letters have marks in many scripts.
func Tag(tag string) string {
	isWrong := func(r rune) bool {
		return r != '-' && (!unicode.In(r, unicode.L, unicode.M, unicode.N) || !isVisible(r))
	}
	if n := utf8.RuneCountInString(tag); n < 1 || n > maxTag || strings.ContainsFunc(tag, isWrong) {
		return fmt.Sprintf("must be 1 to %d letters, digits or hyphens", maxTag)
	}
	return ""
}

// first returns what the first broken rule says.
func first(text string, rules ...Rule) string {
	for _, broken := range rules {
		if problem := broken(text); problem != "" {
			return problem
		}
	}
	return ""
}

// upTo refuses a longer text.
func upTo(most int) Rule { return longest(most, "must have at most %d characters") }

// from1To refuses a longer text, after Required.
func from1To(most int) Rule { return longest(most, "must have 1 to %d characters") }

func longest(most int, problem string) Rule {
	return func(text string) string {
		if utf8.RuneCountInString(text) > most {
			return fmt.Sprintf(problem, most)
		}
		return ""
	}
}

// oneLine refuses control characters, and those that change the direction of writing.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return isControl(r) || turnsWriting(r) }) {
		return "must have no control character, and none that changes the direction of writing"
	}
	return ""
}

// turnsWriting returns whether r changes the direction of writing.
func turnsWriting(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// multiline refuses control characters but tabs and line breaks.
func multiline(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return isControl(r) && r != '\t' && r != '\n' && r != '\r' }) {
		return "must have no control characters but tabs and line breaks"
	}
	return ""
}

// isControl returns whether r is a control character (Unicode's category Cc).
func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f }
