package transfer

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"gin-blog/models"
)

// TestCanonicalTellsEveryFieldApart changes each field of each type of record, and wants other bytes.
func TestCanonicalTellsEveryFieldApart(t *testing.T) {
	for _, record := range []any{
		models.User{}, models.Session{}, models.KeptPost{}, models.KeptComment{}, models.Draft{},
	} {
		value := reflect.New(reflect.TypeOf(record)).Elem()
		zero := appendCanonical(nil, value)
		eachField(value, value.Type().Name(), func(field reflect.Value, name string) {
			before := reflect.ValueOf(field.Interface())
			for _, other := range others(t, field) {
				field.Set(other)
				if bytes.Equal(appendCanonical(nil, value), zero) {
					t.Errorf("%s: %v has the bytes of the zero value", name, other)
				}
			}
			field.Set(before)
		})
	}
}

// TestCanonicalJoinsNothing: texts and lists do not run into one another.
func TestCanonicalJoinsNothing(t *testing.T) {
	pairs := [][2]models.Post{
		{{Title: "ab", Content: "c"}, {Title: "a", Content: "bc"}},
		{{Tags: []string{"a", "b"}}, {Tags: []string{"ab"}}},
		{{Tags: []string{"a"}, Content: ""}, {Tags: nil, Content: "a"}},
	}
	for _, pair := range pairs {
		if bytes.Equal(appendCanonical(nil, reflect.ValueOf(pair[0])), appendCanonical(nil, reflect.ValueOf(pair[1]))) {
			t.Errorf("%+v has the bytes of %+v", pair[0], pair[1])
		}
	}
	same := [2]models.Post{
		{CreatedAt: time.UnixMilli(5).UTC()}, {CreatedAt: time.UnixMilli(5).In(time.FixedZone("", 3600)), Tags: []string{}},
	}
	if !bytes.Equal(appendCanonical(nil, reflect.ValueOf(same[0])), appendCanonical(nil, reflect.ValueOf(same[1]))) {
		t.Error("one time in two zones, or no tags in two forms, have different bytes")
	}
}

// eachField calls visit with each field that is no struct of fields of its own.
func eachField(value reflect.Value, name string, visit func(field reflect.Value, name string)) {
	for i := range value.NumField() {
		field, name := value.Field(i), name+"."+value.Type().Field(i).Name
		if _, isTime := field.Interface().(time.Time); field.Kind() == reflect.Struct && !isTime {
			eachField(field, name, visit)
			continue
		}
		visit(field, name)
	}
}

// others returns values of the field's type that are not its zero value.
func others(t *testing.T, field reflect.Value) (values []reflect.Value) {
	t.Helper()
	candidates := []any{
		"x", models.RoleUser, models.ID{11: 1}, int64(1), []string{""}, []byte{0}, time.UnixMilli(0).UTC(),
		&models.Author{}, &models.Author{Username: "x"},
	}
	for _, candidate := range candidates {
		if reflect.TypeOf(candidate) == field.Type() {
			values = append(values, reflect.ValueOf(candidate))
		}
	}
	if len(values) == 0 {
		t.Fatalf("the test knows no %s", field.Type())
	}
	return values
}
