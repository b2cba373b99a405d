package transfer

import (
	"context"
	"reflect"
	"testing"
	"time"

	"gin-blog/models"
)

// one is a table of one record.
type one[T models.Record] struct {
	models.Table[T]
	record T
}

func (o one[T]) Name() string { return "one" }

func (o one[T]) Read(context.Context, models.ID, int) (records []T, next models.ID, err error) {
	return []T{o.record}, models.ID{}, nil
}

// checksum returns the checksum of a table of one record.
func checksum[T models.Record](t *testing.T, record T) string {
	t.Helper()
	counted, err := tableOf[T]{one[T]{record: record}}.count(t.Context(), func(int) {})
	if err != nil || counted.Records != 1 {
		t.Fatalf("got %+v, %v", counted, err)
	}
	return counted.Checksum
}

// TestChecksumsTellEveryFieldApart changes each field of each type of record, and wants another checksum.
func TestChecksumsTellEveryFieldApart(t *testing.T) {
	tellsEveryFieldApart(t, models.User{})
	tellsEveryFieldApart(t, models.Session{})
	tellsEveryFieldApart(t, models.KeptPost{})
	tellsEveryFieldApart(t, models.KeptComment{})
	tellsEveryFieldApart(t, models.Draft{})
}

func tellsEveryFieldApart[T models.Record](t *testing.T, record T) {
	t.Helper()
	zero, value := checksum(t, record), reflect.ValueOf(&record).Elem()
	eachField(value, value.Type().Name(), func(field reflect.Value, name string) {
		before := reflect.ValueOf(field.Interface())
		for _, other := range others(t, field) {
			field.Set(other)
			if checksum(t, record) == zero {
				t.Errorf("%s: %v has the checksum of the zero value", name, other)
			}
		}
		field.Set(before)
	})
}

// TestChecksumsJoinNothing: texts and lists do not run into one another.
func TestChecksumsJoinNothing(t *testing.T) {
	kept := func(p models.Post) models.KeptPost { return models.KeptPost{Post: p} }
	for _, pair := range [][2]models.Post{
		{{Text: models.Text{Title: "ab", Content: "c"}}, {Text: models.Text{Title: "a", Content: "bc"}}},
		{{Text: models.Text{Tags: []string{"a", "b"}}}, {Text: models.Text{Tags: []string{"ab"}}}},
		{{Text: models.Text{Tags: []string{"a"}, Content: ""}}, {Text: models.Text{Tags: nil, Content: "a"}}},
		{{Text: models.Text{Title: "a\xff"}}, {Text: models.Text{Title: "a\xfe"}}},
	} {
		if checksum(t, kept(pair[0])) == checksum(t, kept(pair[1])) {
			t.Errorf("%+v has the checksum of %+v", pair[0], pair[1])
		}
	}
	if checksum(t, kept(models.Post{})) != checksum(t, kept(models.Post{Text: models.Text{Tags: []string{}}})) {
		t.Error("no tags in two forms have different checksums")
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
		"x", true, models.RoleUser, models.ID{11: 1}, int64(1), []string{""}, []byte{0}, time.UnixMilli(0).UTC(),
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
