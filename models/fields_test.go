package models_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"gin-blog/models"
)

// filled returns a value of a type that is not zero. Two different numbers give two different values.
func filled(t *testing.T, of reflect.Type, n int) reflect.Value {
	t.Helper()
	value := reflect.New(of).Elem()
	switch of {
	case reflect.TypeFor[models.ID]():
		value.Set(reflect.ValueOf(models.ID{byte(n)}))
	case reflect.TypeFor[time.Time]():
		value.Set(reflect.ValueOf(time.UnixMilli(int64(n))))
	case reflect.TypeFor[string]():
		value.SetString(fmt.Sprint("text ", n))
	case reflect.TypeFor[[]string]():
		value.Set(reflect.ValueOf([]string{fmt.Sprint("text ", n)}))
	default:
		t.Fatalf("no value of type %s: add one here", of)
	}
	return value
}

// fill sets all fields of the struct that target points to, but the named ones.
func fill(t *testing.T, target any, n int, except map[string]bool) {
	t.Helper()
	for field, value := range reflect.ValueOf(target).Elem().Fields() {
		if !except[field.Name] {
			value.Set(filled(t, field.Type, n))
		}
	}
}

// TestEqualComparesEveryField: a field that is added must be compared, or a conditional write would overlook it.
func TestEqualComparesEveryField(t *testing.T) {
	notCompared := map[string]bool{"Author": true}
	var post, draft = new(models.Post), new(models.Draft)
	fill(t, post, 1, notCompared)
	fill(t, draft, 1, notCompared)
	for field := range reflect.TypeFor[models.Post]().Fields() {
		other := *post
		if !notCompared[field.Name] {
			reflect.ValueOf(&other).Elem().FieldByIndex(field.Index).Set(filled(t, field.Type, 2))
			if post.Equal(&other) || !post.Equal(post) {
				t.Errorf("Post.Equal overlooks %s", field.Name)
			}
		}
	}
	for field := range reflect.TypeFor[models.Draft]().Fields() {
		other := *draft
		reflect.ValueOf(&other).Elem().FieldByIndex(field.Index).Set(filled(t, field.Type, 2))
		if draft.Equal(&other) || !draft.Equal(draft) {
			t.Errorf("Draft.Equal overlooks %s", field.Name)
		}
	}
}

// TestChangesNothingComparesEveryField: a change of a field that is added is not taken for none.
func TestChangesNothingComparesEveryField(t *testing.T) {
	notCompared := map[string]bool{"UpdatedAt": true, "IfUnchanged": true}
	for field := range reflect.TypeFor[models.PostChange]().Fields() {
		var change models.PostChange
		if notCompared[field.Name] {
			continue
		}
		set(t, &change, field)
		if change.ChangesNothing(new(models.Post)) {
			t.Errorf("PostChange.ChangesNothing overlooks %s", field.Name)
		}
	}
	for field := range reflect.TypeFor[models.DraftChange]().Fields() {
		var change models.DraftChange
		if notCompared[field.Name] {
			continue
		}
		set(t, &change, field)
		if change.ChangesNothing(new(models.Draft)) {
			t.Errorf("DraftChange.ChangesNothing overlooks %s", field.Name)
		}
	}
}

// set makes a field of the change that target points to point to a value.
func set(t *testing.T, target any, field reflect.StructField) {
	t.Helper()
	value := reflect.New(field.Type.Elem())
	value.Elem().Set(filled(t, field.Type.Elem(), 1))
	reflect.ValueOf(target).Elem().FieldByIndex(field.Index).Set(value)
}

// TestDraftBecomesAPostWhole: what a draft and a post both have is passed on, and what a post can be told to change, a
// draft can be told too.
func TestDraftBecomesAPostWhole(t *testing.T) {
	draft := new(models.Draft)
	fill(t, draft, 1, nil)
	post := reflect.ValueOf(draft.Post(time.UnixMilli(1))).Elem()
	for field, value := range post.Fields() {
		if kept, ok := reflect.TypeFor[models.Draft]().FieldByName(field.Name); ok && field.Name != "ID" {
			want := reflect.ValueOf(draft).Elem().FieldByIndex(kept.Index)
			if !reflect.DeepEqual(value.Interface(), want.Interface()) {
				t.Errorf("the post has %s %v, the draft had %v", field.Name, value, want)
			}
		}
	}
	for field := range reflect.TypeFor[models.PostChange]().Fields() {
		if _, ok := reflect.TypeFor[models.DraftChange]().FieldByName(field.Name); !ok {
			t.Errorf("a draft has no %s", field.Name)
		}
	}
}
