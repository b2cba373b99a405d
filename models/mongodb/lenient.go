package mongodb

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// lenient returns a registry that decodes documents of other programs. A field of an unexpected type must not make
// the whole page fail: where text is expected, a number or a boolean becomes text, as in Mongoose; everything else
// becomes the zero value.
func lenient() (*bson.Registry, error) {
	registry := bson.NewRegistry()
	for t, expected := range map[reflect.Type][]bson.Type{
		reflect.TypeFor[string]():        {bson.TypeString},
		reflect.TypeFor[[]string]():      {bson.TypeArray},
		reflect.TypeFor[time.Time]():     {bson.TypeDateTime},
		reflect.TypeFor[bson.ObjectID](): {bson.TypeObjectID},
		reflect.TypeFor[int64]():         {bson.TypeInt32, bson.TypeInt64},
	} {
		strict, err := registry.LookupDecoder(t)
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", t, err)
		}
		decode := func(c bson.DecodeContext, r bson.ValueReader, v reflect.Value) error {
			if slices.Contains(expected, r.Type()) {
				return strict.DecodeValue(c, r, v)
			}
			v.SetZero()
			if v.Kind() == reflect.String {
				return decodeAsText(r, v)
			}
			return r.Skip()
		}
		registry.RegisterTypeDecoder(t, bson.ValueDecoderFunc(decode))
	}
	return registry, nil
}

// decodeAsText writes a number or a boolean into a string.
func decodeAsText(r bson.ValueReader, v reflect.Value) error {
	var text string
	var err error
	switch r.Type() {
	case bson.TypeInt32:
		var n int32
		n, err = r.ReadInt32()
		text = strconv.FormatInt(int64(n), 10)
	case bson.TypeInt64:
		var n int64
		n, err = r.ReadInt64()
		text = strconv.FormatInt(n, 10)
	case bson.TypeDouble:
		var n float64
		n, err = r.ReadDouble()
		text = strconv.FormatFloat(n, 'f', -1, 64)
	case bson.TypeBoolean:
		var b bool
		b, err = r.ReadBoolean()
		text = strconv.FormatBool(b)
	default:
		return r.Skip()
	}
	v.SetString(text)
	return err
}
