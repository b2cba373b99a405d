package routes_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// Hashes that bcryptjs made: version 2 writes $2a$, version 3 $2b$.
const (
	hashOfPass123By2 = "$2a$10$3dbpDXYCr65/2SwMieClwefPYdYuhUqHQyNqdK0zFiPhlEcPpt1zK"
	hashOfPass123By3 = "$2b$10$zIZDFdU1m9OGp2ov6fPJMuipEItyecVCmSuWswQYCB16Nh9gJDf4G"
	unicodePassword  = "Ünïcødé pass"
	hashOfUnicode    = "$2b$04$EvjHJwEFPw1LJ.6tI2oZQOeREmmcMN1Ns1PCcLriR0rckMsMeAZDO"
	hashOf80Letters  = "$2b$04$Cy..XJi/y.u4G0uDo4WHqeFIxiybLrqHgbsZPzlzsaL46TcHQpeUW" // of which bcryptjs read 72
)

// tutorialDatabase is what the Express app of the tutorial leaves behind: Mongoose's index and __v, no field of ours.
func tutorialDatabase(t *testing.T) (*mongo.Database, map[string]bson.ObjectID) {
	t.Helper()
	db := testkit.Database(t)
	_, err := db.Collection("users").Indexes().CreateOne(t.Context(),
		mongo.IndexModel{Keys: bson.D{{Key: "username", Value: 1}}, Options: options.Index().SetUnique(true)})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bson.ObjectID{}
	for _, u := range []struct{ name, hash string }{
		{"alice", hashOfPass123By2}, {"bob", hashOfPass123By3}, {"carol smith", hashOfPass123By2},
		{"dave@example.com", hashOfPass123By2},
		{"名前", hashOfUnicode}, {"ab", hashOfPass123By2}, {"eve", hashOf80Letters}, {"mallory", "pass123"},
	} {
		ids[u.name] = bson.NewObjectID()
		_, err := db.Collection("users").InsertOne(t.Context(), bson.D{
			{Key: "_id", Value: ids[u.name]}, {Key: "username", Value: u.name}, {Key: "password", Value: u.hash},
			{Key: "__v", Value: 0}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Collection("posts").InsertOne(t.Context(), bson.D{
			{Key: "title", Value: "By " + u.name}, {Key: "content", Value: "Hello"}, {Key: "author", Value: ids[u.name]},
			{Key: "createdAt", Value: time.Date(2024, 5, 6, 7, 8, 9, 12e6, time.UTC)}, {Key: "__v", Value: 0}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db, ids
}

func TestDatabaseOfTheTutorialIsServed(t *testing.T) {
	db, ids := tutorialDatabase(t)
	s := newServer(t, testkit.OpenMongoDB(t, db, nil))

	var posts []postAnswer
	s.send(t, "GET", "/posts", "").is(200).decode(&posts)
	if len(posts) != len(ids) {
		t.Fatalf("%d posts, want %d", len(posts), len(ids))
	}
	for _, p := range posts {
		if p.Author == nil || p.Title != "By "+p.Author.Username || p.Author.ID != ids[p.Author.Username].Hex() ||
			p.CreatedAt != "2024-05-06T07:08:09.012Z" || p.UpdatedAt != p.CreatedAt || p.Tags == nil || len(p.Tags) != 0 {
			t.Errorf("got %+v", p)
		}
		s.send(t, "GET", "/posts/"+p.ID, "").is(200)
	}

	for _, u := range []struct{ name, password string }{
		{"alice", "pass123"}, {"ALICE", "pass123"}, {"bob", "pass123"}, {"carol smith", "pass123"},
		{"dave@example.com", "pass123"},
		{"名前", unicodePassword}, {"ab", "pass123"},
	} {
		var g grantAnswer
		s.send(t, "POST", "/auth/login", fmt.Sprintf(`{"username":%q,"password":%q}`, u.name, u.password)).is(200).decode(&g)
		if g.User == nil {
			t.Fatalf("%s does not log in", u.name)
		}
		if !strings.EqualFold(g.User.Username, u.name) || g.User.Role != "user" || g.User.CreatedAt == "" {
			t.Errorf("%s logs in as %+v", u.name, g.User)
		}
		if p := s.post(t, g.Token, "New"); p.Author.Username != g.User.Username {
			t.Errorf("%s writes as %+v", u.name, p.Author)
		}
		s.send(t, "GET", "/users/"+g.User.ID, "").is(200)
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200)
		s.send(t, "POST", "/auth/login", fmt.Sprintf(`{"username":%q,"password":"wrong-one"}`, u.name)).is(401)
	}
	s.send(t, "GET", "/users/carol%20smith", "").is(200)
	s.send(t, "GET", "/users/%E5%90%8D%E5%89%8D", "").is(200)

	for name, body := range map[string]string{
		"a password that bcryptjs cut": `{"username":"eve","password":"` + strings.Repeat("x", 80) + `"}`,
		"a password in plain text":     `{"username":"mallory","password":"pass123"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s.send(t, "POST", "/auth/login", body).fails(401, "UnauthorizedError", "Invalid credentials")
		})
	}
	s.send(t, "POST", "/auth/register", `{"username":"Alice","password":"pass123"}`).
		fails(409, "ConflictError", "Username already taken")
	s.register(t, "newcomer")
}

// TestTutorialsAppSeesNoCommentAndNoDraft: the Express app lists every document of posts, and nothing else is there
// after comments and drafts were written. A post that it deletes takes its comments along.
func TestTutorialsAppSeesNoCommentAndNoDraft(t *testing.T) {
	db, _ := tutorialDatabase(t)
	s := newServer(t, testkit.OpenMongoDB(t, db, nil))
	all := func() (documents []bson.M) {
		t.Helper()
		for _, name := range []string{"users", "posts"} {
			cursor, err := db.Collection(name).Find(t.Context(), bson.D{})
			if err != nil {
				t.Fatal(err)
			}
			var found []bson.M
			if err := cursor.All(t.Context(), &found); err != nil {
				t.Fatal(err)
			}
			documents = append(documents, found...)
		}
		return documents
	}
	var posts []postAnswer
	s.send(t, "GET", "/posts", "").is(200).decode(&posts)
	g := s.login(t, "alice")
	before := all()
	comment := s.comment(t, g.Token, posts[0].ID, "Nice")
	s.comment(t, g.Token, posts[1].ID, "Nice too")
	s.send(t, "PATCH", "/comments/"+comment.ID, `{"content":"Very nice"}`, bearer(g.Token)).is(200)
	d := s.draft(t, g.Token, `{"title":"Draft"}`)
	s.send(t, "PATCH", "/drafts/"+d.ID, `{"content":"Hello","tags":["go"]}`, bearer(g.Token)).is(200)
	if after := all(); !reflect.DeepEqual(after, before) {
		t.Errorf("comments and drafts changed the app's collections from %v to %v", before, after)
	}

	id, err := bson.ObjectIDFromHex(posts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection("posts").DeleteOne(t.Context(), bson.D{{Key: "_id", Value: id}}); err != nil {
		t.Fatal(err)
	}
	s.send(t, "GET", "/comments/"+comment.ID, "").fails(404, "NotFoundError", "Comment not found")
	s.send(t, "GET", "/posts/"+posts[0].ID+"/comments", "").fails(404, "NotFoundError", "Post not found")
	if got := s.thread(t, posts[1].ID, 10); len(got) != 1 {
		t.Errorf("the other post has the comments %v", got)
	}
}

func TestIDsOfTheTutorialThatLookLikeNames(t *testing.T) {
	db := testkit.Database(t)
	store := testkit.OpenMongoDB(t, db, nil)
	name := models.NewID().Hex()
	u := &models.User{ID: models.NewID(), Username: name, PasswordHash: hashOfPass123By2, CreatedAt: time.Now()}
	if err := store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, store)
	s.login(t, name)
	s.send(t, "GET", "/users/"+name, "").is(200)
}
