package routes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"gin-blog/internal/httperror"
	"gin-blog/internal/validation"
	"gin-blog/models"
)

// decoder reads the JSON bodies of requests.
type decoder struct {
	options   json.Options // made once, because it caches what it learns about types
	validator *validation.Validator
}

// newDecoder makes a decoder whose passwords have at least passwordMinLength characters.
func newDecoder(passwordMinLength int) (*decoder, error) {
	v, err := validation.New(passwordMinLength, registration{}, credentials{}, refreshRequest{}, profileRequest{},
		deletionRequest{}, passwordRequest{}, postRequest{}, postChangeRequest{}, commentRequest{}, commentChangeRequest{},
		draftRequest{}, draftChangeRequest{})
	if err != nil {
		return nil, fmt.Errorf("set up validation: %w", err)
	}
	return &decoder{validator: v, options: json.JoinOptions(
		json.RejectUnknownMembers(true),
		json.WithUnmarshalers(json.JoinUnmarshalers(
			json.UnmarshalFromFunc(decodeTags),
			json.UnmarshalFromFunc(refuseNested),
			json.UnmarshalFromFunc(refuseNull[*string]),
			json.UnmarshalFromFunc(refuseNull[*[]string]))))}, nil
}

var errNull = errors.New("null")

// refuseNull refuses null for a pointer. A nil pointer stands for a field that was not sent, and is left as it is;
// whoever sends null may want to remove the value.
func refuseNull[T any](d *jsontext.Decoder, _ *T) error {
	if d.PeekKind() == jsontext.KindNull {
		return errNull
	}
	return errors.ErrUnsupported // decode as usual
}

var errNested = errors.New("an object or an array")

// refuseNested refuses an object or an array for a text, without reading it: the names in an object, which must differ,
// take many times the memory that they have in the body.
func refuseNested(d *jsontext.Decoder, _ *string) error {
	if isNested(d.PeekKind()) {
		return errNested
	}
	return errors.ErrUnsupported // decode as usual
}

func isNested(kind jsontext.Kind) bool {
	return kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray
}

// decodeTags reads the one sort of lists that requests have, but no more of it than it takes to see that it is too
// long: each text of a list takes many times the memory that it has in the body.
func decodeTags(d *jsontext.Decoder, tags *[]string) error {
	if d.PeekKind() != jsontext.KindBeginArray {
		return errors.ErrUnsupported // decode as usual
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*tags = []string{}
	for d.PeekKind() != jsontext.KindEndArray {
		if len(*tags) > validation.MaxTags && !isNested(d.PeekKind()) {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		var tag string
		if err := json.UnmarshalDecode(d, &tag); err != nil {
			return err
		}
		*tags = append(*tags, tag)
	}
	_, err := d.ReadToken()
	return err
}

// optionalTime is a time that a client may send, or null for none.
type optionalTime struct {
	sent  bool
	value time.Time // as stores keep it; the zero time for null
}

var errNotTime = errors.New("no time")

// UnmarshalJSONFrom implements json.UnmarshalerFrom. It takes null, and what RFC 3339 allows.
func (t *optionalTime) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	t.sent = true
	if d.PeekKind() == jsontext.KindNull {
		return d.SkipValue()
	}
	if d.PeekKind() != jsontext.KindString {
		return errNotTime
	}
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	value, ok := validation.ParseTime(token.String())
	t.value = models.StoredTime(value)
	if !ok || t.value.IsZero() {
		return errNotTime
	}
	return nil
}

// normalizer is a request that is changed before it is checked.
type normalizer interface{ normalize() }

// decode reads the JSON object in the body of a request into the struct that request points to, and checks the
// rules in the struct's tags. It refuses unknown keys, duplicate keys, and data after the object.
func (d *decoder) decode(c *gin.Context, request any) error {
	if err := checkMediaType(c.Request.Header); err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return httperror.Unread(err, "The body did not arrive whole")
	}
	if kind := jsontext.Value(body).Kind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return httperror.BadRequest(nil, "The body must be a JSON object")
	}
	if err := json.Unmarshal(body, request, d.options); err != nil {
		return describeJSONError(body, err)
	}
	if n, ok := request.(normalizer); ok {
		n.normalize()
	}
	return d.validator.Check(request)
}

// checkMediaType refuses a body that is not JSON in UTF-8, or that is compressed.
func checkMediaType(header http.Header) error {
	refuse := func(message string, cause error) error {
		return &httperror.Error{Kind: httperror.UnsupportedType, Message: message, Cause: cause}
	}
	for _, encoding := range header.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return refuse("Send the body without Content-Encoding", nil)
		}
	}
	contentType := strings.Join(header.Values("Content-Type"), ", ") // two types are malformed
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return refuse("Send the body as Content-Type: application/json", err)
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return refuse("Send the body in UTF-8", nil)
	}
	return nil
}

// describeJSONError says in the client's words what is wrong with a body, and where.
func describeJSONError(body []byte, err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return httperror.Invalid(err, validation.FieldError{
			Field: fieldName(semantic.JSONPointer), Message: semanticMessage(semantic),
			Unknown: errors.Is(err, json.ErrUnknownName),
		})
	}
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return fmt.Errorf("decode body: %w", err)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return httperror.Invalid(err, validation.FieldError{
			Field: fieldName(syntactic.JSONPointer), Message: "occurs twice", Unknown: true, // it may be in another object
		})
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return httperror.BadRequest(err, "The body is empty, a JSON object is expected")
	}
	line, column := position(body, int(syntactic.ByteOffset))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return httperror.BadRequest(err, "The JSON ends too early, at line %d, column %d", line, column)
	}
	return httperror.BadRequest(err, "The body is not valid JSON at line %d, column %d", line, column)
}

// semanticMessage says what is wrong with the value of a field.
func semanticMessage(err *json.SemanticError) string {
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return "is not a known field"
	case errors.Is(err, errNull):
		return "must not be null: leave it out or send it empty"
	case errors.Is(err, errNotTime):
		return "must be a time with its zone, such as 2026-01-02T03:04:05Z, or null"
	default:
		return "must be " + jsonType(err.GoType)
	}
}

// maxFieldName is how many bytes of a field's name an answer repeats.
const maxFieldName = 100

// fieldName writes a JSON pointer (RFC 6901) as clients write it in code: /tags/0 becomes tags[0].
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

// jsonType returns the JSON type that a Go type is decoded from, with its article.
func jsonType(t reflect.Type) string {
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

// position returns the line and the column of a byte of the body, in characters from 1.
func position(body []byte, offset int) (line, column int) {
	before := body[:min(max(offset, 0), len(body))]
	lastLine := before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(lastLine) + 1
}
