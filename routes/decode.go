package routes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/models"
)

var errNull = errors.New("null")

// decode reads the JSON object in the body of a request into a struct, and checks it against the rules in the struct's
// tags. It takes no key that the struct does not name, none twice, and nothing behind the object.
func (a *api) decode(c *gin.Context, into any) error {
	if err := checkMediaType(c.Request.Header); err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("read body: %w", err)
	case err != nil: // cut short, or chunked in a wrong way
		return badRequest("The body did not arrive whole")
	}
	if kind := jsontext.Value(body).Kind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return badRequest("The body must be a JSON object")
	}
	if err := json.Unmarshal(body, into, a.strict); err != nil {
		return explain(body, err)
	}
	if t, ok := into.(interface{ normalize() }); ok {
		t.normalize()
	}
	return a.Validator.Check(into)
}

// strictJSON takes no key that a struct does not name, and keeps null out of fields that are pointers, where nil stands for a
// field that was not sent: null would be taken for "leave it", and may mean "remove it".
func strictJSON() json.Options {
	return json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(refuseNull[*string]), json.UnmarshalFromFunc(refuseNull[*[]string]))))
}

func refuseNull[T any](d *jsontext.Decoder, _ *T) error {
	if d.PeekKind() == jsontext.KindNull {
		return errNull
	}
	return errors.ErrUnsupported // decode as usual
}

// checkMediaType accepts JSON in UTF-8, not compressed.
func checkMediaType(header http.Header) error {
	for _, encoding := range header.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return unsupportedMediaType("Send the body without Content-Encoding")
		}
	}
	contentType := strings.Join(header.Values("Content-Type"), ", ") // two are none
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return unsupportedMediaType("Send the body as Content-Type: application/json")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return unsupportedMediaType("Send the body in UTF-8")
	}
	return nil
}

// explain says in the client's words what is wrong with a body, and where.
func explain(body []byte, err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		field := fieldName(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return invalid(field, "is not a known field")
		}
		if errors.Is(err, errNull) {
			return invalid(field, "must not be null: leave it out or send it empty")
		}
		return invalid(field, "must be "+kindName(semantic.GoType))
	}
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return fmt.Errorf("decode body: %w", err)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return invalid(fieldName(syntactic.JSONPointer), "occurs twice")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return badRequest("The body is empty, a JSON object is expected")
	}
	line, column := position(body, int(syntactic.ByteOffset))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return badRequest(fmt.Sprintf("The JSON ends too early, at line %d, column %d", line, column))
	}
	return badRequest(fmt.Sprintf("The body is not valid JSON at line %d, column %d", line, column))
}

// invalid is what is wrong with one field.
func invalid(field, message string) error {
	return &models.ValidationError{Fields: []models.FieldError{{Field: field, Message: message}}}
}

// maxFieldName is how many bytes of a field's name an answer repeats.
const maxFieldName = 100

// fieldName writes a JSON pointer (RFC 6901) as clients write it in code: /tags/0 is tags[0].
func fieldName(p jsontext.Pointer) string {
	var name strings.Builder
	for token := range p.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "":
			name.WriteString("[" + token + "]")
		case name.Len() > 0:
			name.WriteString("." + token)
		default:
			name.WriteString(token)
		}
	}
	if name.Len() > maxFieldName {
		return strings.ToValidUTF8(name.String()[:maxFieldName], "") + "…"
	}
	return name.String()
}

// kindName is the JSON word for what a Go type takes.
func kindName(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == nil:
		return "of another type"
	case t.Kind() == reflect.String:
		return "a string"
	case t.Kind() == reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

// position is the line and the column, in characters from 1, of a byte of the body.
func position(body []byte, offset int) (line, column int) {
	before := body[:min(max(offset, 0), len(body))]
	lastLine := before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(lastLine) + 1
}
