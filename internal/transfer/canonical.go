package transfer

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"time"

	"gin-blog/models"
)

// appendCanonical appends the bytes of a record to b: all its fields, in their order. Two records have the same bytes
// if and only if they are equal, whichever stores they come from. It panics at a type that it does not know, which a
// test meets first.
func appendCanonical(b []byte, record reflect.Value) []byte {
	if t, ok := record.Interface().(time.Time); ok {
		return binary.BigEndian.AppendUint64(b, uint64(t.UnixMilli()))
	}
	switch record.Kind() {
	case reflect.Struct:
		for i := range record.NumField() {
			b = appendCanonical(b, record.Field(i))
		}
		return b
	case reflect.String:
		b = binary.AppendUvarint(b, uint64(record.Len()))
		return append(b, record.String()...)
	case reflect.Slice, reflect.Array: // nil and empty are the same
		b = binary.AppendUvarint(b, uint64(record.Len()))
		for i := range record.Len() {
			b = appendCanonical(b, record.Index(i))
		}
		return b
	case reflect.Int, reflect.Int64:
		return binary.AppendVarint(b, record.Int())
	case reflect.Uint8:
		return append(b, byte(record.Uint()))
	case reflect.Pointer:
		if record.IsNil() {
			return append(b, 0)
		}
		return appendCanonical(append(b, 1), record.Elem())
	}
	panic(fmt.Sprintf("no canonical form of %s", record.Type()))
}

// canonical returns the bytes of a record, in a buffer that is used again.
func canonical[T models.Record](buffer []byte, record *T) []byte {
	return appendCanonical(buffer[:0], reflect.ValueOf(record).Elem())
}
