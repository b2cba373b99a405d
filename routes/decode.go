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
		json.UnmarshalFromFunc(refuseNested[string]), json.UnmarshalFromFunc(refuseNested[models.ID]),
		json.UnmarshalFromFunc(decodeTags), json.UnmarshalFromFunc(decodeTime), json.UnmarshalFromFunc(decodeAuthor))
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
func refuseNested[T any](d *jsontext.Decoder, _ *T) error {
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
func decodeTime(d *jsontext.Decoder, t *timestamp) error {
	if d.PeekKind() == jsontext.KindNull {
		*t = timestamp{}
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
	*t = timestamp(models.StoredTime(value))
	if !ok || time.Time(*t).IsZero() {
		return errNotTime
	}
	return nil
}

// decodeAuthor reads an author into a place of its own: the other one is that of the stored record.
func decodeAuthor(_ *jsontext.Decoder, author **models.Author) error {
	*author = new(models.Author)
	return errors.ErrUnsupported // decode as usual
}

// decode reads the JSON object in the body of a request into the struct that request points to. It refuses unknown
// keys, duplicate keys, and data after the object. Fields that are not sent stay as they are.
func (d *decoder) decode(c *gin.Context, request any) error {
	_, err := decodeBody(c, request, d.wholes)
	return err
}

// decodeChange reads a JSON object that has fields of B, which is a record as clients see it. part returns what of it
// they may change. change writes the fields that were sent into what is stored, and returns that part of it: what was
// not sent stays, or is empty where the request is PUT. Clients may send the other fields back as they read them:
// change returns a refusal if one is not as it is stored.
func decodeChange[B, P any](
	d *decoder, c *gin.Context, part func(*B) *P,
) (change func(stored B) (P, error), err error) {
	options, isWhole := d.changes, c.Request.Method == http.MethodPut
	if isWhole {
		options = d.wholes
	}
	body, err := decodeBody(c, new(B), options)
	return func(stored B) (P, error) {
		sent := stored
		if isWhole {
			*part(&sent) = *new(P)
		}
		_ = json.Unmarshal(body, &sent, options) // has succeeded with another B
		changed := *part(&sent)
		*part(&sent) = *part(&stored)
		return changed, refuseOther(sent, stored)
	}, err
}

// refuseOther returns a refusal that names the fields in which a record that was sent is not the one that is stored.
func refuseOther[B any](sent, stored B) error {
	var check models.Check
	for _, field := range reflect.VisibleFields(reflect.TypeFor[B]()) {
		valueIn := func(b B) any { return reflect.ValueOf(b).FieldByIndex(field.Index).Interface() }
		if !field.Anonymous && !reflect.DeepEqual(valueIn(sent), valueIn(stored)) {
			check.Add(field.Tag.Get("json"), "cannot be changed: leave it out, or send it as it is")
		}
	}
	return check.Err()
}

// decodeBody is decode. It returns the body, or an empty object if there is none.
func decodeBody(c *gin.Context, request any, options json.Options) ([]byte, error) {
	body := bytes.TrimPrefix(middleware.RequestBody(c), []byte("\ufeff")) // with which some programs begin a text
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
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
	if c.Request.ContentLength == 0 {
		return nil // there is no body
	}
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
	charset, ok := params["charset"]
	if ok && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
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
	case errors.Is(err, models.ErrInvalidID):
		return "must be 24 hex digits"
	case err.GoType == reflect.TypeFor[[]string]():
		return "must be an array"
	case err.GoType == reflect.TypeFor[bool]():
		return "must be true or false"
	case err.GoType == reflect.TypeFor[models.Author]():
		return "must be an object or null"
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

// idOf returns the id in the path, which refuseHead has checked.
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
