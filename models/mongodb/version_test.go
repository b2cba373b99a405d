package mongodb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// awaitVersion returns the version of the data as soon as the store tells it.
func awaitVersion(t *testing.T, store models.Store) int64 {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		version, err := store.(models.Versioned).DataVersion(t.Context())
		if err == nil {
			return version
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// TestDataVersion: no write of any client leaves the version, and where nobody writes it stays for a while.
func TestDataVersion(t *testing.T) {
	db, elsewhere := testkit.Database(t), testkit.Database(t)
	skipWithoutRepetition(t, db)
	one, other := testkit.OpenMongoDB(t, db, nil), testkit.OpenMongoDB(t, db, nil)
	create := func(store models.Store) func() error {
		return func() error {
			_, err := store.CreatePost(t.Context(), newPost(models.NewID()), nil)
			return err
		}
	}
	for _, write := range []func() error{
		create(one), create(other),
		func() error {
			_, err := db.Collection("posts").InsertOne(t.Context(), bson.M{"title": "t"})
			return err
		},
		func() error {
			_, err := db.Collection("posts").UpdateMany(t.Context(), bson.M{}, bson.M{"$set": bson.M{"title": "u"}})
			return err
		},
		func() error {
			_, err := db.Collection("posts").DeleteOne(t.Context(), bson.M{"title": "u"})
			return err
		},
		func() error { return db.Collection("posts").Drop(t.Context()) },
		func() error {
			_, err := elsewhere.Collection("posts").InsertOne(t.Context(), bson.M{"title": "t"})
			return err
		},
		create(one),
	} {
		before := awaitVersion(t, one)
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if now, err := one.(models.Versioned).DataVersion(t.Context()); err == nil {
			t.Errorf("right after a write the version is %d, before it was %d", now, before)
		}
		if now := awaitVersion(t, one); now == before {
			t.Errorf("a write left the version %d", before)
		}
	}
	// Servers and drivers move the time too, but not so often.
	for deadline := time.Now().Add(20 * time.Second); ; {
		before := awaitVersion(t, one)
		for quiet := time.Now().Add(300 * time.Millisecond); awaitVersion(t, one) == before; {
			if time.Now().After(quiet) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the version never stays")
		}
	}
}

// setTime gives a reply another time of the last write.
func setTime(reply []byte, seconds uint32) {
	if _, value, ok := bytes.Cut(reply, []byte("\x11operationTime\x00")); ok {
		binary.LittleEndian.PutUint64(value, uint64(seconds)<<32)
	}
}

// TestNoDataVersion: a store never tells a version, and does not ask for one, where the server cannot tell it or where
// reads may be older.
func TestNoDataVersion(t *testing.T) {
	rename := func(from, to string) func([]byte) {
		return func(reply []byte) {
			if i := bytes.Index(reply, []byte(from)); i >= 0 {
				copy(reply[i:], to)
			}
		}
	}
	for name, c := range map[string]struct {
		settings string
		edit     func(reply []byte)
	}{
		"a standalone, or mongos":   {edit: rename("\x02setName\x00", "\x02sotName\x00")},
		"no time":                   {edit: rename("\x11operationTime\x00", "\x11operationTome\x00")},
		"a time that does not move": {edit: func(reply []byte) { setTime(reply, 1) }},
		"reads of secondaries":      {settings: "&readPreference=secondaryPreferred"},
	} {
		t.Run(name, func(t *testing.T) {
			proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
			skipWithoutRepetition(t, db)
			proxy.Edit(c.edit)
			store := openBehind(t, proxy, db, c.settings)
			proxy.Commands()
			if version, err := store.(models.Versioned).DataVersion(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("got %d, %v, want ErrUnsupported", version, err)
			}
			if asked := proxy.Commands(); slices.Contains(asked, "find") {
				t.Errorf("it asked: %v", asked)
			}
		})
	}
}

// TestDataVersionPauses: while each time is another one, there are pauses in which nobody asks.
func TestDataVersionPauses(t *testing.T) {
	proxy, db := testkit.NewMongoProxy(t), testkit.Database(t)
	skipWithoutRepetition(t, db)
	store := openBehind(t, proxy, db)
	var seconds uint32
	proxy.Edit(func(reply []byte) { seconds++; setTime(reply, seconds) })
	proxy.Commands()
	for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); {
		if version, err := store.(models.Versioned).DataVersion(t.Context()); err == nil {
			t.Fatalf("there is the version %d", version)
		}
	}
	asked := slices.DeleteFunc(proxy.Commands(), func(command string) bool { return command != "find" })
	if n := len(asked); n < 2 || n > 4 { // after 0, 50, 150 and 350 ms
		t.Errorf("it asked %d times", n)
	}
	proxy.Edit(nil)
	awaitVersion(t, store)
}

// TestVersionsCount: a version counts if it is seen again after a pause. The pauses grow while another one is seen each
// time.
func TestVersionsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, version := new(mongodb.Versions), int64(1)
		pausesAre := func(want ...time.Duration) {
			t.Helper()
			for _, pause := range want {
				version++
				before, _ := v.MayAsk()
				if v.Counts(version, before) {
					t.Fatalf("the version %d counts at first sight", version)
				}
				until, ok := v.MayAsk()
				if got := time.Until(until); got != pause || ok {
					t.Errorf("the pause takes %v, %v, want %v", got, ok, pause)
				}
				if v.Counts(version, before) || v.Counts(version-1, before) {
					t.Errorf("a version counts that was asked for before the pause")
				}
				time.Sleep(pause)
				if _, ok := v.MayAsk(); !ok {
					t.Errorf("a pause of %v does not end", pause)
				}
			}
		}
		const ms = time.Millisecond
		pausesAre(50*ms, 100*ms, 200*ms, 400*ms, 800*ms, time.Second, time.Second)
		if until, _ := v.MayAsk(); !v.Counts(version, until) {
			t.Error("a version does not count that is seen again")
		}
		pausesAre(50*ms, 100*ms)
	})
}
