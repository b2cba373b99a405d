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

	"gin-blog/blog"
	"gin-blog/internal/answer"
	"gin-blog/middleware"
	"gin-blog/models"
)

// decoder reads the JSON bodies of requests. Its options are made once, because they cache what they learn about types.
type decoder struct {
	wholes  json.Options // null is as good as nothing
	changes json.Options // null is refused: whoever sends it may want to remove the value
}

func newDecoder() *decoder {
	wholes := json.JoinUnmarshalers(
		json.UnmarshalFromFunc(refuseNested), json.UnmarshalFromFunc(decodeTags), json.UnmarshalFromFunc(decodeTime))
	changes := json.JoinUnmarshalers(
		json.UnmarshalFromFunc(refuseNull[string]), json.UnmarshalFromFunc(refuseNull[[]string]), wholes)
	return &decoder{
		json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(wholes)),
		json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(changes)),
	}
}

var errNull = errors.New("null")

// refuseNull refuses null for a value.
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
		if len(*tags) > models.MaxTags && !isNested(d.PeekKind()) {
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

var errNotTime = errors.New("no time")

// decodeTime reads a time as RFC 3339 has it, or null for the zero time.
func decodeTime(d *jsontext.Decoder, t *time.Time) error {
	if d.PeekKind() == jsontext.KindNull {
		*t = time.Time{}
		return d.SkipValue()
	}
	if d.PeekKind() != jsontext.KindString {
		return errNotTime
	}
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	value, ok := models.ParseTime(token.String())
	*t = models.StoredTime(value)
	if !ok || t.IsZero() {
		return errNotTime
	}
	return nil
}

// decode reads the JSON object in the body of a request into the struct that request points to. It refuses unknown
// keys, duplicate keys, and data after the object. Fields that are not sent stay as they are.
func (d *decoder) decode(c *gin.Context, request any) error {
	_, err := decodeBody(c, request, d.wholes)
	return err
}

// decodeChange reads a JSON object as decode does. It returns a function that writes the fields that were sent into a
// T. Others stay, or become empty where the request is PUT.
func decodeChange[T any](d *decoder, c *gin.Context) (change func(*T), err error) {
	options, isWhole := d.changes, c.Request.Method == http.MethodPut
	if isWhole {
		options = d.wholes
	}
	body, err := decodeBody(c, new(T), options)
	return func(t *T) {
		if isWhole {
			*t = *new(T)
		}
		_ = json.Unmarshal(body, t, options) // has succeeded with another T
	}, err
}

// decodeBody is decode. It returns the body.
func decodeBody(c *gin.Context, request any, options json.Options) ([]byte, error) {
	body := middleware.RequestBody(c)
	if kind := jsontext.Value(body).Kind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return nil, models.Refuse(models.Invalid, nil, "The body must be a JSON object")
	}
	if err := json.Unmarshal(body, request, options); err != nil {
		return nil, describeJSONError(body, err)
	}
	return body, nil
}

// refuseMediaType refuses a body that is not JSON in UTF-8, or that is compressed, before the body arrives.
func refuseMediaType(c *gin.Context) error {
	header := c.Request.Header
	for _, encoding := range header.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return models.Refuse(models.UnsupportedType, nil, "Send the body without Content-Encoding")
		}
	}
	contentType := strings.Join(header.Values("Content-Type"), ", ") // two types are malformed
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return models.Refuse(models.UnsupportedType, err, "Send the body as Content-Type: application/json")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return models.Refuse(models.UnsupportedType, nil, "Send the body in UTF-8")
	}
	return nil
}

// describeJSONError says in the client's words what is wrong with a body, and where.
func describeJSONError(body []byte, err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return models.RefuseFields(err, models.FieldError{
			Field: fieldName(semantic.JSONPointer), Message: semanticMessage(semantic),
			Unknown: errors.Is(err, json.ErrUnknownName),
		})
	}
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return fmt.Errorf("decode body: %w", err)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return models.RefuseFields(err, models.FieldError{
			Field: fieldName(syntactic.JSONPointer), Message: "occurs twice", Unknown: true, // it may be in another object
		})
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return models.Refuse(models.Invalid, err, "The body is empty, a JSON object is expected")
	}
	line, column := position(body, int(syntactic.ByteOffset))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return models.Refuse(models.Invalid, err, "The JSON ends too early, at line %d, column %d", line, column)
	}
	return models.Refuse(models.Invalid, err, "The body is not valid JSON at line %d, column %d", line, column)
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
	case err.GoType == reflect.TypeFor[[]string]():
		return "must be an array"
	default:
		return "must be a string"
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
	return middleware.Cut(name.String(), maxFieldName)
}

// position returns the line and the column of a byte of the body, in characters from 1.
func position(body []byte, offset int) (line, column int) {
	before := body[:min(max(offset, 0), len(body))]
	lastLine := before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(lastLine) + 1
}

// callOf returns what a request that writes asks of the blog: who asks, and on which preconditions.
func callOf(c *gin.Context) blog.Call {
	return blog.Call{
		User: middleware.CurrentUser(c),
		If: func(s blog.State) error {
			return answer.CheckWrite(c.Request.Header, func() string { return etag(s.Version()) }, s.UpdatedAt)
		},
		// In JSON, each character may get a backslash.
		Reserve: func(size int) error { return answer.Reserve(c, 2*size) },
	}
}

// idOf returns the id in the path, which refuseID has checked.
func idOf(c *gin.Context) models.ID {
	id, _ := models.ParseID(c.Param("id"))
	return id
}

// idempotencyKey returns the header Idempotency-Key, or "" if there is none.
func idempotencyKey(c *gin.Context) (string, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 || !models.IsIdempotencyKey(values[0]) {
		return "", models.Refuse(models.Invalid, nil, "Idempotency-Key must be 1 to 255 visible ASCII characters")
	}
	return values[0], nil
}

// markReplayed tells a client that its request had been carried out before, unless the answer is new.
func markReplayed(c *gin.Context, isNew bool) {
	if !isNew {
		c.Header("Idempotency-Replayed", "true")
	}
}
