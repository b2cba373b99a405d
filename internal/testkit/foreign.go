package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// foreignHash is the hash of Password that bcryptjs made.
const foreignHash = "$2a$10$3dbpDXYCr65/2SwMieClwefPYdYuhUqHQyNqdK0zFiPhlEcPpt1zK"

// Foreign is a database that other programs have filled. Its collections have the names of gin-blog's, and documents
// and indexes of every oddity.
type Foreign struct {
	DB *mongo.Database
	// Alice is an account of the tutorial's Express app, called alice, with Password. Post is her post. Mail is the
	// address of an account without a username, with Password.
	Alice, Post models.ID
	Mail        string
	// Posts are those that a list has.
	Posts []models.ID
	// Draft is a draft of alice with fields of unexpected types.
	Draft models.ID

	inserted []foreignDocument
}

// foreignDocument is a document as it was stored.
type foreignDocument struct {
	collection string
	content    bson.Raw
}

// NewForeign fills an empty database of the test server. Without a server it skips the test.
func NewForeign(t testing.TB) *Foreign {
	t.Helper()
	f := &Foreign{
		DB: Database(t), Alice: models.NewID(), Post: models.NewID(), Draft: models.NewID(), Mail: "mail@example.com",
	}
	f.addIndexes(t)
	f.addUsers(t)
	f.addPosts(t)
	f.addComments(t)
	f.addDrafts(t)
	f.addSessions(t)
	f.addNotes(t)
	return f
}

// Insert stores documents as another program would. CheckUnchanged looks at them too.
func (f *Foreign) Insert(t testing.TB, collection string, documents ...bson.D) {
	t.Helper()
	for _, d := range documents {
		if len(d) == 0 || d[0].Key != "_id" {
			d = append(bson.D{{Key: "_id", Value: models.NewID()}}, d...)
		}
		content, err := bson.Marshal(d)
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		if _, err := f.DB.Collection(collection).InsertOne(t.Context(), content); err != nil {
			t.Fatalf("insert into %s: %v", collection, err)
		}
		f.inserted = append(f.inserted, foreignDocument{collection, content})
	}
}

// CheckUnchanged wants every document of the other programs byte for byte as it was, but for the fields that gin-blog
// adds at the end, and no index of gin-blog by which the server would remove one.
func (f *Foreign) CheckUnchanged(t testing.TB) {
	t.Helper()
	for _, d := range f.inserted {
		one := bson.D{{Key: "_id", Value: bson.D{{Key: "$eq", Value: d.content.Lookup("_id")}}}}
		got, err := f.DB.Collection(d.collection).FindOne(t.Context(), one).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			t.Errorf("%s: %s is gone", d.collection, d.content)
		} else if err != nil {
			t.Fatal(err)
		} else if !bytes.Equal(withoutAdded(t, got), d.content) {
			t.Errorf("%s: %s has become %s", d.collection, d.content, got)
		}
	}
	indexes, err := f.DB.Collection("sessions").Indexes().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for indexes.Next(t.Context()) {
		if _, err := indexes.Current.LookupErr("expireAfterSeconds"); err != nil {
			continue
		}
		filter, isPartial := indexes.Current.Lookup("partialFilterExpression").DocumentOK()
		if !isPartial {
			t.Errorf("the server removes every document that %s covers", indexes.Current)
			continue
		}
		found, err := f.DB.Collection("sessions").Find(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for found.Next(t.Context()) {
			for _, d := range f.inserted {
				if d.collection == "sessions" && bytes.Equal(d.content, found.Current) {
					t.Errorf("the server removes %s because of %s", d.content, indexes.Current)
				}
			}
		}
	}
}

// withoutAdded returns a document without the fields by which gin-blog finds it.
func withoutAdded(t testing.TB, document bson.Raw) bson.Raw {
	t.Helper()
	var d bson.D
	if err := bson.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	for n := len(d); n > 0 && slices.Contains([]string{"usernameKey", "emailKey", "searchTerms"}, d[n-1].Key); n = len(d) {
		d = d[:n-1]
	}
	rest, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return rest
}

// object makes a document of names and values in turn.
func object(pairs ...any) bson.D {
	d := make(bson.D, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		d = append(d, bson.E{Key: pairs[i].(string), Value: pairs[i+1]})
	}
	return d
}

// addIndexes makes indexes with keys or names of gin-blog's. A server that takes no text index does without that.
func (f *Foreign) addIndexes(t testing.TB) {
	t.Helper()
	up, down := 1, -1
	for _, x := range []struct {
		collection string
		keys       bson.D
		options    *options.IndexOptionsBuilder
	}{
		{"users", object("username", up), options.Index()}, // not unique
		{"users", object("nickname", up), options.Index().SetUnique(true).SetSparse(true)},
		{"posts", object("author", up, "_id", down), options.Index().SetName("mine")},
		{"posts", object("views", up), options.Index().SetName("posts_by_tag")},
		{"posts", object("slug", up), options.Index().SetUnique(true).SetSparse(true)},
		{"comments", object("post", up, "_id", up), options.Index().SetSparse(true)},
		{"drafts", object("publishAt", up), options.Index().SetSparse(true)},
		{"sessions", object("expiresAt", up), options.Index()},
		{"sessions", object("user", up, "lastUsedAt", down, "_id", down), options.Index().SetName("latest")},
	} {
		model := mongo.IndexModel{Keys: x.keys, Options: x.options}
		if _, err := f.DB.Collection(x.collection).Indexes().CreateOne(t.Context(), model); err != nil {
			t.Fatalf("index %v: %v", x.keys, err)
		}
	}
	text := mongo.IndexModel{Keys: object("title", "text"), Options: options.Index().SetDefaultLanguage("english")}
	_, _ = f.DB.Collection("posts").Indexes().CreateOne(t.Context(), text)
}

func (f *Foreign) addUsers(t testing.TB) {
	t.Helper()
	f.Insert(t, "users",
		object("_id", f.Alice, "username", "alice", "password", foreignHash, "__v", 0),
		object("username", "twin", "password", foreignHash, "__v", 0),
		object("username", "twin", "password", foreignHash, "__v", 0),
		object("username", "case", "password", foreignHash),
		object("username", "Case", "password", foreignHash),
		object("email", f.Mail, "password", foreignHash),
		object("email", "other@example.com", "password", foreignHash, "role", 1, "bio", object("a", 1)),
		object("email", "same@example.com"), object("email", "same@example.com"),
		object("_id", "a string", "username", "stringid", "password", foreignHash),
		object("_id", 7, "username", "numberid"),
		object("username", 42, "password", object(), "createdAt", "today", "passwordVersion", "1", "keptSession", 5),
		object("username", bson.A{"a", "b"}), object("username", nil), object("username", object("first", "Al")),
		object("username", true, "createdAt", time.UnixMilli(253402300799999)),
	)
}

func (f *Foreign) addPosts(t testing.TB) {
	t.Helper()
	longAgo, nobody := time.UnixMilli(1700000000000), models.NewID()
	for _, d := range []bson.D{
		object("_id", f.Post, "title", "By alice", "content", "Hello", "author", f.Alice, "createdAt", longAgo, "__v", 0),
		object("title", "Of nobody", "content", "Hello", "author", nobody),
		object("title", "By name", "content", "Hello", "author", "alice"),
		object("title", "By two", "content", "Hello", "author", bson.A{f.Alice, nobody}, "tags", bson.A{"one", "two"}),
		object("title", "Without author", "content", "Hello", "author", nil, "language", "klingon", "noLanguageField", 5),
		object("title", 7, "content", 1.5, "author", f.Alice.Hex(), "tags", "go"),
		object("title", nil, "content", bson.A{"Hello"}, "author", object(), "tags", bson.A{1, "two", nil, object()}),
		object("content", true, "author", bson.A{}, "createdAt", "yesterday", "updatedAt", 5, "version", "1.0"),
		object("title", "Far", "createdAt", time.UnixMilli(253402300799999), "updatedAt", time.UnixMilli(-62135596800000)),
		object("title", "\x00\u202e</script>\x1b", "content", "<script>alert(1)</script>\x00\u2028", "author", f.Alice,
			"tags", bson.A{"C++", "", "a b", "\x00"}, "createdAt", longAgo),
		object("title", "Keyed", "content", "Hello", "author", f.Alice, "idempotencyKey", "key"),
		object("title", "Keyed", "content", "Hello", "author", f.Alice, "idempotencyKey", "key"),
		object("title", "Keyed by number", "author", f.Alice, "idempotencyKey", 1, "idempotencyHash", "hash"),
	} {
		if d[0].Key != "_id" {
			d = append(object("_id", models.NewID()), d...)
		}
		f.Posts = append(f.Posts, d[0].Value.(models.ID))
		f.Insert(t, "posts", d)
	}
	for _, id := range []any{"a-slug", 7, longAgo, object("a", 1), true, bson.Binary{Subtype: 4, Data: make([]byte, 16)}} {
		f.Insert(t, "posts", object("_id", id, "title", "Unnamed", "content", "Hello", "author", f.Alice))
	}
}

func (f *Foreign) addComments(t testing.TB) {
	t.Helper()
	at := time.UnixMilli(1700000000000)
	f.Insert(t, "comments", f.CommentsOn(f.Post)...)
	f.Insert(t, "comments", f.CommentsOn(models.NewID())...)
	f.Insert(t, "comments",
		object("post", "a-slug", "content", "Nice", "author", f.Alice), object("content", "Nice"),
		object("photo", models.NewID(), "text", "Nice", "createdAt", at),
		object("_id", "a string", "post", f.Post, "content", "Nice", "author", f.Alice),
		object("author", f.Alice, "idempotencyKey", "key"), object("author", f.Alice, "idempotencyKey", "key"),
	)
}

// CommentsOn returns comments of other programs on a post. The first one differs from those of gin-blog in Mongoose's
// version key alone.
func (f *Foreign) CommentsOn(post models.ID) []bson.D {
	at := time.UnixMilli(1700000000000)
	return []bson.D{
		object("post", post, "content", "Nice", "author", f.Alice, "createdAt", at, "updatedAt", at, "__v", 0),
		object("post", post, "content", "Nice", "author", f.Alice, "createdAt", at),
		object("post", post, "content", 5, "author", "alice", "createdAt", "now", "updatedAt", at),
		object("post", post, "text", "Nice", "user", f.Alice),
	}
}

func (f *Foreign) addDrafts(t testing.TB) {
	t.Helper()
	at, nobody := time.UnixMilli(1700000000000), models.NewID()
	f.Insert(t, "drafts", f.DraftsOf(f.Alice)...)
	f.Insert(t, "drafts", f.DraftsOf(nobody)...)
	f.Insert(t, "drafts",
		object("_id", f.Draft, "title", 1.5, "content", 7, "author", f.Alice, "tags", "go", "createdAt", "now",
			"updatedAt", nil, "publishAt", "soon", "publishing", "no"),
		object("title", "By name", "content", "Hello", "author", "alice", "publishAt", at),
		object("title", "Of nobody", "content", "Hello", "publishAt", at, "publishing", true),
		object("_id", "a string", "title", "Unnamed", "content", "Hello", "author", f.Alice, "publishAt", at,
			"tags", bson.A{}, "createdAt", at, "updatedAt", at),
	)
	for i := range 110 { // the account was lost, or is not restored yet
		f.Insert(t, "drafts", object("title", fmt.Sprint("Lost ", i), "content", "Hello", "tags", bson.A{}, "author", nobody,
			"publishAt", at, "createdAt", at, "updatedAt", at))
	}
}

// DraftsOf returns drafts of other programs by an author, most of them with a time that has come.
func (f *Foreign) DraftsOf(author models.ID) []bson.D {
	at := time.UnixMilli(1700000000000)
	return []bson.D{
		object("title", "Draft", "author", author),
		object("title", "Draft", "content", "Hello", "author", author, "publishAt", at),
		object("title", "Draft", "content", "Hello", "author", author, "publishAt", bson.A{at}, "createdAt", at,
			"updatedAt", at),
		object("title", "Draft", "content", "Hello", "author", author, "publishing", true, "createdAt", at, "updatedAt", at),
		object("title", "Draft", "content", "Hello", "tags", bson.A{"go"}, "author", author, "publishAt", at,
			"createdAt", at, "updatedAt", at, "__v", 0),
		object("title", "Draft", "content", "Hello", "tags", "go", "author", author, "publishAt", at, "createdAt", at,
			"updatedAt", at),
	}
}

func (f *Foreign) addSessions(t testing.TB) {
	t.Helper()
	f.Insert(t, "sessions", f.SessionsOf(f.Alice)...)
	f.Insert(t, "sessions", f.SessionsOf(models.NewID())...)
	past := time.Now().Add(-time.Hour)
	f.Insert(t, "sessions",
		object("_id", "connect-mongo", "expires", past, "session", `{"cookie":{}}`),
		object("_id", "a string", "expiresAt", past, "data", object("user", f.Alice)),
		object("expiresAt", bson.A{past}), object("user", "alice", "expiresAt", "never"),
	)
}

// SessionsOf returns sessions of other programs of a user: more than gin-blog allows a user to have.
func (f *Foreign) SessionsOf(user models.ID) []bson.D {
	past, soon := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	sessions := []bson.D{
		object("user", user, "token", "secret", "expiresAt", past),
		object("user", user, "refreshId", "one", "expiresAt", past, "lastUsedAt", past),
	}
	for range models.MaxSessions {
		sessions = append(sessions, object("user", user, "expiresAt", soon, "lastUsedAt", soon, "passwordVersion", 0))
	}
	return sessions
}

// addNotes stores documents of other programs in the collections where gin-blog notes deletions.
func (f *Foreign) addNotes(t testing.TB) {
	t.Helper()
	old := func() models.ID { return models.NewIDAt(time.Now().AddDate(-1, 0, 0)) }
	f.Insert(t, "deletedPosts",
		object("_id", "a string", "post", models.NewID()), object("_id", old(), "title", "Gone", "content", "Hello"),
		object("_id", old(), "post", "a-slug"), object("_id", old(), "post", models.NewID(), "by", "alice"))
	f.Insert(t, "deletedUsers",
		object("_id", old(), "username", "gone"), object("_id", old(), "user", models.NewID(), "reason", "spam"))
}
