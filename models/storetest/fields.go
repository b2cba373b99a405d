package storetest

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/models"
)

// Filled returns a value in which every field differs from its zero value, and from every other field.
func Filled[T any](t *testing.T) (value T) {
	t.Helper()
	fill(t, reflect.ValueOf(&value).Elem())
	return value
}

// Variants returns copies of a value that each differ from it in one field, by what differs. A time is also a
// millisecond later, or zero, and a list has one entry more. The fields that except names stay.
func Variants[T any](t *testing.T, value T, except ...string) map[string]T {
	t.Helper()
	all, other := map[string]T{}, reflect.ValueOf(Filled[T](t))
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if field.Anonymous || slices.Contains(except, field.Name) { // the fields of what is embedded are visible too
			continue
		}
		add := func(what string, changed any) {
			variant := value
			reflect.ValueOf(&variant).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(changed))
			if !reflect.DeepEqual(variant, value) {
				all[what] = variant
			}
		}
		add(field.Name, other.FieldByIndex(field.Index).Interface())
		switch present := reflect.ValueOf(value).FieldByIndex(field.Index).Interface().(type) {
		case time.Time:
			add(field.Name+" a millisecond later", present.Add(time.Millisecond))
			add(field.Name+" zero", time.Time{})
		case []string:
			add(field.Name+" with one more", append(slices.Clone(present), "more"))
		}
	}
	return all
}

// fill sets a value to another one than its zero value. A name of an author is what a store looks up, so it stays nil.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	distinct := strings.ToLower(models.NewID().Hex())
	switch v.Interface().(type) {
	case *models.Author:
	case models.ID:
		v.Set(reflect.ValueOf(models.NewID()))
	case models.Role:
		v.Set(reflect.ValueOf(models.RoleAdmin))
	case time.Time:
		v.Set(reflect.ValueOf(now().Add(time.Duration(1+rand.IntN(1e6)) * time.Minute)))
	case string:
		v.SetString("s" + distinct)
	case int, int64:
		v.SetInt(1 + rand.Int64N(1e12))
	case bool:
		v.SetBool(true)
	case []string:
		v.Set(reflect.ValueOf([]string{"b" + distinct, "a" + distinct}))
	case []byte:
		v.SetBytes([]byte("\x00\xff" + distinct))
	default:
		fillParts(t, v)
	}
	if v.IsZero() && v.Type() != reflect.TypeFor[*models.Author]() {
		t.Fatalf("%s stays zero", v.Type())
	}
}

// fillParts fills what a pointer points to, and the fields of a struct.
func fillParts(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("fill knows no %s", v.Type())
	}
}
