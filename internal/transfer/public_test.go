package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

// TestImportLeavesOutWhatIsNotPublic: each field is the only one that hides a post of a file that could come in.
func TestImportLeavesOutWhatIsNotPublic(t *testing.T) {
	const past, later = "2024-06-01", "2924-06-01"
	hidden := strings.Split(`draft: true
Draft: TRUE
DRAFT: yes
draft: on
draft: 1
draft: "true"
draft: ' True '
draft: y
draft: maybe
draft: [true]
draft: {web: true}
is_draft: true
unpublished: true
private: true
private: "yes"
isPrivate: true
unlisted: true
hidden: true
hide: true
headless: true
protected: true
encrypted: true
password: s3cret
password: [a, b]
internal: true
deleted: true
published: false
published: no
published: No
published: off
published: 0
published: "false"
published: 'no'
published: n
published: soon
published: LATER
publish: false
publish: "off"
dg-publish: false
public: false
is-public: false
visible: false
listed: false
live: false
output: false
render: false
build: {render: never}
_build: {render: false}
build: {list: never}
_build: {render: link, list: always}
build: false
eleventyExcludeFromCollections: true
eleventyExcludeFromCollections: [posts]
eleventyexcludefromcollections: "true"
permalink: false
permalink: "false"
permalink: {build: false}
publishDate: LATER
publishdate: LATER
publish_date: LATER
"Publish Date": LATER
PublishDate: LATERT10:00:00+02:00
pubDate: LATER
published_at: LATER
publishDate: soon
scheduled: true
scheduled_for: LATER
embargo: LATER
expiryDate: PAST
expirydate: PAST
expiry_date: PAST
expires: PAST
expiryDate: soon
unpublishDate: PAST
status: draft
status: Draft
Status: DRAFT
status: private
status: pending
status: scheduled
status: future
status: auto-draft
status: trash
status: in review
status: [published, draft]
post_status: draft
visibility: private
visibility: hidden
visibility: members
visibility: password
access: paid
privacy: friends
audience: private
confidential: true
members_only: true
state: draft
stage: Draft
type: draft
layout: private
params: {draft: true}
params: {private: "1"}
eleventyComputed: {permalink: false}
eleventyComputed: {draft: "{{ x }}"}
build: never
tags: draft
tags: [go, Draft]
tags: "#private"
categories: [unpublished]
category: drafts`, "\n")
	public := strings.Split(`draft: false
draft: "false"
draft: no
draft: off
draft: 0
draft:
draft: null
draft: ""
private: false
published: true
published: "yes"
published: 1
published: PAST
published:
publish: true
publishDate: PAST
pubDate: Sat, 01 Jun 2024 10:00:00 GMT
expiryDate: LATER
expiryDate: 0001-01-01
status: published
status: publish
status: Public
status:
visibility: public
password: ""
password: false
permalink: /a/b/
permalink: "/{{ x }}/"
build: {render: always, list: always}
headless: false
type: post
layout: drafting
tags: [drafting, privateer]
params: {draft: false}
eleventyExcludeFromCollections: false`, "\n")
	s, dir := testkit.SQLite(t).(store), t.TempDir()
	wants := map[string]string{}
	for want, fronts := range map[string][]string{"skipped: not public: ": hidden, "created: ": public} {
		for n, front := range fronts {
			file := fmt.Sprintf("%.3s%d.md", want, n)
			wants[file] = want
			front = strings.NewReplacer("PAST", past, "LATER", later).Replace(front)
			write(t, dir, file, "---\ntitle: T\ndate: 2024-05-01\n"+front+"\n---\n\n"+want+front+"\n")
		}
	}
	for file, result := range importFrom(t, s, dir) {
		if !strings.HasPrefix(result, wants[file]) || strings.Contains(result, "s3cret") {
			t.Errorf("%q: got %q, want %q", readDir(t, dir)[file], result, wants[file])
		}
	}
	posts := allPosts(t, s)
	for _, p := range posts {
		if strings.HasPrefix(p.Content, "skipped") {
			t.Errorf("public: %q", p.Content)
		}
	}
	if len(posts) != len(public) {
		t.Errorf("%d posts, want %d", len(posts), len(public))
	}
}

// TestImportOfAFolderOfDrafts imports a folder that is not public by its own name, and one whose data are beside it.
func TestImportOfAFolderOfDrafts(t *testing.T) {
	const file = "---\ntitle: T\ndate: 2024-05-01\n---\n\nx\n"
	for name, want := range map[string]string{
		"_drafts":                "skipped: what is in a folder of that name is not public: rename it if it is",
		"Drafts":                 "skipped: what is in a folder of that name is not public: rename it if it is",
		"blog":                   "created: ",
		"_posts":                 "created: ",
		strings.Repeat("x", 250): "created: ", // no file beside it can have so long a name and an extension
		"posts.secret":           "skipped: not public: posts.secret.json says draft: true",
	} {
		s, dir := testkit.SQLite(t).(store), t.TempDir()
		write(t, dir, name+"/blog.md", file)
		if name == "posts.secret" {
			write(t, dir, name+"/posts.secret.json", `{"draft": true}`)
		}
		results := importFrom(t, s, dir+"/"+name)
		if got := results["blog.md"] + results["."]; got != want {
			t.Errorf("%s: got %v, want %q", name, results, want)
		}
	}
}

// TestTagsOfFiles: what the rule of models takes is a tag, also of a script or with accents, and the rest is noted.
func TestTagsOfFiles(t *testing.T) {
	isTag := func(tag string) bool {
		text := models.Text{Title: "t", Content: "c", Tags: []string{tag}}
		return text.Clean(nil) == nil
	}
	for front, want := range map[string]string{
		"tags: [Web Development, C++]":              "web-development / C++",
		"tags: go, web":                             "go web /",
		"tags: go web":                              "go web /",
		"tag: go web":                               "go-web /",
		"category: Web Development":                 "web-development /",
		"categories: [a, b]\ntags: [c]":             "c a b /",
		"tags: [go, Go, GO, go ]":                   "go /",
		"tags: [a, b, c, d, e, f, g, h, i, j, k]":   "a b c d e f g h i j / k",
		"tags: [Node.js, A/B, snake_case, '#hash']": "node-js a-b snake-case hash /",
		"tags: {one: 1, two: {three: 3}}":           "one two /",
		"tags: [2024, 1.5, true, null, '']":         "2024 1-5 true /",
		"tags: [.NET, '!', '🦫']":                    "/ !, .NET, 🦫",
		"tags: [" + strings.Repeat("x", 33) + "]":   "/ " + strings.Repeat("x", 33),
		"tags: ":            "/",
		"tags: [[a, b], c]": "a b c /",
	} {
		checkTags(t, front, want)
	}
	for _, tag := range []string{"küche", "東京", "élan", "हिन्दी"} {
		want := tag + " /"
		if !isTag(tag) {
			want = "/ " + tag
		}
		checkTags(t, "tags: ["+tag+"]", want)
	}
}

// checkTags wants a front matter to have tags, and after a slash those that are left out.
func checkTags(t *testing.T, front, want string) {
	t.Helper()
	s, dir := testkit.SQLite(t).(store), t.TempDir()
	write(t, dir, "a.md", "---\ntitle: T\ndate: 2024-05-01\n"+front+"\n---\n\nx\n")
	for _, done := range []string{"created: ", "unchanged: "} {
		note, ok := strings.CutPrefix(importFrom(t, s, dir)["a.md"], done)
		posts := allPosts(t, s)
		if !ok || len(posts) != 1 {
			t.Fatalf("%s: got %s%q and %d posts", front, done, note, len(posts))
		}
		got := strings.TrimSpace(strings.Join(posts[0].Tags, " ") + " / " + strings.TrimPrefix(note, "tags left out: "))
		if got != want {
			t.Errorf("%s: got %q, want %q", front, got, want)
		}
	}
}

// TestAuthorsOfFiles: the first name of a user is the author, or the option says who is.
func TestAuthorsOfFiles(t *testing.T) {
	testkit.Each(t, func(t *testing.T, opened models.Store) {
		s := opened.(store)
		users := map[models.ID]string{{}: "nobody"}
		for _, name := range []string{"alice", "bob"} {
			u := &models.User{ID: models.NewID(), Username: name, Role: models.RoleUser}
			if err := s.CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			users[u.ID] = name
		}
		for n, c := range []struct{ front, option, want string }{
			{"author: Display Name", "alice", "alice"},
			{"author: Display Name", "", "nobody is called Display Name: register that user first, or import with -author NAME"},
			{"author: Display Name", "carol", "nobody is called carol"},
			{"author: Bob", "alice", "bob"},
			{"author: [Carol, Bob, alice]", "", "bob"},
			{"authors: [Carol, Bob]", "alice", "bob"},
			{"author: {name: Carol, username: bob}", "alice", "bob"},
			{"authors: [{name: Carol, twitter: bob}]", "alice", "alice"},
			{"author: Carol, alice", "bob", "alice"},
			{"author: '[[Alice]]'", "bob", "alice"},
			{"author: '@alice'", "bob", "alice"},
			{"author: \"  \"", "bob", "bob"},
			{"author: null", "bob", "bob"},
			{"author: []", "", "nobody"},
			{"layout: post", "", "nobody"},
			{"layout: post", "bob", "bob"},
		} {
			dir := t.TempDir()
			write(t, dir, "a.md", fmt.Sprintf("---\ntitle: T\ndate: 2024-05-%02d\n%s\n---\n\nx\n", n+1, c.front))
			got := importAs(t, s, dir, c.option)["a.md"]
			if strings.HasPrefix(got, "created: ") {
				posts := allPosts(t, s)
				got = users[posts[len(posts)-1].AuthorID]
			}
			if strings.TrimPrefix(got, "refused: ") != c.want && !strings.HasPrefix(got, "refused: "+c.want) {
				t.Errorf("%s, -author %q: got %q, want %q", c.front, c.option, got, c.want)
			}
		}
	})
}
