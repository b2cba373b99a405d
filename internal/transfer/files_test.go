package transfer_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gin-blog/blog"
	"gin-blog/internal/seed"
	"gin-blog/internal/testkit"
	"gin-blog/internal/transfer"
	"gin-blog/models"
)

// oddTitles and oddContents are texts that a file could lose or change.
var (
	oddTitles = []string{
		"It's", `"quoted" \ back`, "a: b # c", "- list", "yes", "null", "2024", "007", "1e3", "{{ .Site }}", "日本語 🦫",
		"é e\u0301", "../../etc/passwd", "a/b\\c", "..", "&amp; <b>", "nb\u00a0sp", "\ufeffbom", "x\U000e0001", "%00",
		"con", "---", "~", "[x", "*a",
	}
	oddContents = []string{
		"x", "line\r\nline\r\n", "---\ntitle: other\n---\n", "\n\nleading", "trailing\n\n\n", "\r\nx", "\nx", " x", "end\r",
		"tab\t", "+++\n", "\ufeffbom", "no\u2028line\u2029end", "日本語 🦫", "```yaml\n---\n```",
		"# Heading\n\n- a\n- b\n",
	}
)

// storeOdd stores a user, and a post with each of the odd texts. It returns the posts.
func storeOdd(t *testing.T, s store) (posts []models.KeptPost) {
	t.Helper()
	plan := seed.Plan{Users: 3, Posts: 20, Random: 1, PasswordHash: "$2a$04$" + strings.Repeat("x", 53)}
	if err := seed.Fill(t.Context(), s, plan, func(int) {}); err != nil {
		t.Fatal(err)
	}
	users, err := s.Users(t.Context(), models.UserFilter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range max(len(oddTitles), len(oddContents)) {
		p := newPost(&users[0], oddTitles[i%len(oddTitles)])
		p.Content = oddContents[i%len(oddContents)]
		switch i % 3 {
		case 0:
			p.Tags = nil
		case 1:
			p.UpdatedAt = p.UpdatedAt.Add(time.Millisecond)
		case 2:
			p.Tags = []string{"küche", "東京", "हिन्दी", "οδος"}
		}
		if _, err := s.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	return allPosts(t, s)
}

func allPosts(t *testing.T, s store) (posts []models.KeptPost) {
	t.Helper()
	posts, next, err := s.PostTable().Read(t.Context(), models.ID{}, 1000)
	if err != nil || !next.IsZero() {
		t.Fatalf("read posts: %v, more %v", err, !next.IsZero())
	}
	for i := range posts {
		if len(posts[i].Tags) == 0 {
			posts[i].Tags = nil
		}
	}
	return posts
}

// copyUsers stores the users of a store in another one.
func copyUsers(t *testing.T, from, to store) {
	t.Helper()
	users, _, err := from.UserTable().Read(t.Context(), models.ID{}, 1000)
	if err == nil {
		err = to.UserTable().Insert(t.Context(), users)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// export writes a store's posts to a new folder, and returns the folder.
func export(t *testing.T, s store) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "new", "export")
	if _, err := transfer.Export(t.Context(), s, dir, new(steps).progress); err != nil {
		t.Fatal(err)
	}
	return dir
}

// importFrom imports a folder and returns what was done with each file, as "done: why".
func importFrom(t *testing.T, s store, dir string) (results map[string]string) {
	t.Helper()
	return importAs(t, s, dir, "")
}

// importAs is importFrom with an author for files whose author is nobody here.
func importAs(t *testing.T, s store, dir, author string) (results map[string]string) {
	t.Helper()
	results = map[string]string{}
	report := func(r transfer.Result) {
		if _, twice := results[r.File]; twice {
			t.Errorf("%s was reported twice", r.File)
		}
		results[r.File] = string(r.Done) + ": " + r.Why
	}
	b := blog.New(blog.Options{Store: s, Now: time.Now})
	if err := transfer.Import(t.Context(), b, dir, author, report); err != nil {
		t.Fatal(err)
	}
	return results
}

// allAre wants an import to have done the same with each of so many files.
func allAre(t *testing.T, results map[string]string, done blog.Outcome, count int) {
	t.Helper()
	if len(results) != count {
		t.Errorf("%d results, want %d", len(results), count)
	}
	for file, result := range results {
		if result != string(done)+": " {
			t.Errorf("%s: %s, want %s", file, result, done)
		}
	}
}

// readDir returns the contents of all files of a folder.
func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestMarkdownRoundTrip(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to store) {
		posts := storeOdd(t, from)
		dir := export(t, from)
		files := readDir(t, dir)
		for name := range files {
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\d-[^/\\ :]+\.md$`).MatchString(name) {
				t.Errorf("a file is called %q", name)
			}
		}
		allAre(t, importFrom(t, from, dir), blog.Unchanged, len(posts))
		copyUsers(t, from, to)
		allAre(t, importFrom(t, to, dir), blog.Created, len(posts))
		allAre(t, importFrom(t, to, dir), blog.Unchanged, len(posts))
		if got := allPosts(t, to); !reflect.DeepEqual(got, posts) {
			for i := range posts {
				if i < len(got) && !reflect.DeepEqual(got[i], posts[i]) {
					t.Errorf("got %+v, want %+v", got[i], posts[i])
				}
			}
			t.Errorf("got %d posts, want %d", len(got), len(posts))
		}
		if again := readDir(t, export(t, to)); !maps.Equal(again, files) || len(files) != len(posts) {
			t.Errorf("the second export differs from the first, of %d files", len(files))
		}
	})
}

// TestMarkdownFile shows what a file looks like.
func TestMarkdownFile(t *testing.T) {
	s := testkit.SQLite(t).(store)
	author := &models.User{ID: models.NewID(), Username: "alice", Role: models.RoleUser}
	if err := s.CreateUser(t.Context(), author); err != nil {
		t.Fatal(err)
	}
	p := newPost(author, "Größe: \"a\"")
	p.ID, _ = models.ParseID("66f0c0ffee66f0c0ffee66f0")
	p.CreatedAt = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	p.UpdatedAt, p.Content = p.CreatedAt.Add(time.Hour), "Hello"
	if _, err := s.CreatePost(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"2026-01-02-grosse-a-66f0c0ffee66f0c0ffee66f0.md": `---
title: "Größe: \"a\""
date: 2026-01-02T03:04:05.678Z
lastmod: 2026-01-02T04:04:05.678Z
author: "alice"
tags: ["go", "gin"]
id: "66f0c0ffee66f0c0ffee66f0"
---

Hello
`}
	if got := readDir(t, export(t, s)); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestImportMarkdown imports files that other programs and people wrote.
func TestImportMarkdown(t *testing.T) {
	const head = "---\ntitle: T\ndate: 2024-05-01\n"
	for name, c := range map[string]struct{ file, want, content string }{
		"plain":            {head + "---\n\nHello\n", "created: ", "Hello"},
		"no empty line":    {head + "---\nHello", "created: ", "Hello"},
		"more empty lines": {head + "---\n\n\nHello\n\n", "created: ", "\nHello\n"},
		"windows":          {strings.ReplaceAll(head+"---\n\nHello\nWorld\n", "\n", "\r\n"), "created: ", "Hello\r\nWorld"},
		"bom":              {"\ufeff" + head + "---\n\nHello\n", "created: ", "Hello"},
		"other fields": {head + "layout: post\ncategories: {2024: [b]}\nTags: [Go, 2024]\n---\n\nHello\n",
			"created: ", "Hello"},
		"one tag":           {head + "tags: go\n---\n\nHello\n", "created: ", "Hello"},
		"a number as title": {"---\ntitle: 2024\ndate: 2024-05-01 10:00:00 +0200\n---\n\nHello\n", "created: ", "Hello"},
		"lastmod to come":   {head + "lastmod: 9999-12-31T23:59:59-14:00\n---\n\nHello\n", "created: ", "Hello"},
		"an old lastmod":    {head + "lastmod: 0001-01-01\n---\n\nHello\n", "created: ", "Hello"},
		"a distant id": {head + "id: \"ffffffffffffffffffffffff\"\n---\n\nHello\n",
			"refused: its id ffffffffffffffffffffffff is that of a distant time", ""},
		"an author":     {head + "author: Alice\n---\n\nHello\n", "created: ", "Hello"},
		"draft":         {head + "draft: true\n---\n\nHello\n", "skipped: not public: it says draft: true", ""},
		"not published": {head + "published: false\n---\n\nHello\n", "skipped: not public: it says published: false", ""},
		"private":       {head + "private: true\n---\n\nHello\n", "skipped: not public: it says private: true", ""},
		"public": {head + "draft: false\npublished: true\nprivate: false\npublishDate: 2024-05-01\n" +
			"expiryDate: 2924-05-01\n---\n\nHello\n", "created: ", "Hello"},
		"published before": {head + "published: 2024-05-01\n---\n\nHello\n", "created: ", "Hello"},
		"future":           {"---\ntitle: T\ndate: 2924-05-01\n---\n\nHello\n", "skipped: its date is in the future", ""},
		"nobody":           {head + "author: bob\n---\n\nHello\n", "refused: nobody is called bob", ""},
		"no front matter":  {"# Hello\n", "skipped: it has no front matter", ""},
		"empty":            {"", "skipped: it has no front matter", ""},
		"Latin-1":          {head + "---\n\nGr\xf6\xdfe\n", "refused: it is not in UTF-8: save it again", ""},
		"TOML":             {"+++\ntitle = \"T\"\ndate = 2024-05-01\n+++\n\nHello\n", "created: ", "Hello"},
		"JSON":             {"{\n\"title\": \"T\", \"date\": \"2024-05-01\"\n}\n\nHello\n", "created: ", "Hello"},
		"another end":      {head + "...\n\n---\n", "created: ", "---"},
		"an empty start":   {"\n\n" + head + "draft: true\n---\n\nHello\n", "skipped: not public", ""},
		"no end":           {head + "Hello\n", "refused: no second line --- ends", ""},
		"bad YAML":         {"---\ntitle: [\n---\n\nHello\n", "refused: its front matter is wrong at line 2: ", ""},
		"twice":            {"---\ntitle: T\nTitle: U\n---\n\nHello\n", "refused: its front matter has title twice", ""},
		"no title":         {"---\ndate: 2024-05-01\n---\n\nHello\n", "created: ", "Hello"},
		"no content":       {head + "---\n", "refused: content is required", ""},
		"no date":          {"---\ntitle: T\n---\n\nHello\n", "skipped: it has no date", ""},
		"odd date":         {"---\ntitle: T\ndate: tomorrow\n---\n\nHello\n", "refused: date must be a time", ""},
		"old":              {"---\ntitle: T\ndate: 1924-05-01\n---\n\nHello\n", "refused: its date is before 1970", ""},
		"an id as a number": {head + "id: 000000000000000000000001\n---\n\nHello\n",
			"refused: id must be 24 hex digits in quotes", ""},
		"an id of its tool": {head + "id: \"1\"\n---\n\nHello\n", "created: ", "Hello"},
		"a blank title":     {"---\ntitle: \"\\u200b\"\ndate: 2024-05-01\n---\n\nHello\n", "refused: title is required", ""},
		"a blank content":   {head + "---\n\n \u3164\n", "refused: content is required", ""},
		"a list as title":   {"---\ntitle: [a]\ndate: 2024-05-01\n---\n\nHello\n", "refused: title must be a text", ""},
		"a long title": {"---\ntitle: " + strings.Repeat("x", 201) + "\ndate: 2024-05-01\n---\n\nx\n",
			"refused: title must have 1 to 200", ""},
		"a control":        {head + "---\n\na\x00b\n", "refused: content must have no control characters", ""},
		"too long":         {head + "---\n\n" + strings.Repeat("x", 600<<10), "refused: it is longer than 512 KiB", ""},
		"long content":     {head + "---\n\n" + strings.Repeat("x", 100_001), "refused: content must have 1 to 100000", ""},
		"an alias":         {head + "a: &a true\ndraft: *a\n---\n\nx\n", "refused: its front matter has aliases", ""},
		"a merge":          {head + "a: &a {draft: true}\n<<: *a\n---\n\nx\n", "refused: its front matter has aliases", ""},
		"an alias as name": {head + "a: &a draft\n*a : true\n---\n\nx\n", "refused: its front matter has aliases", ""},
		"a null tag":       {head + "tags: [a, null]\n---\n\nx\n", "created: ", "x"},
		"a nested merge": {head + "a: &a {render: never}\nbuild: {<<: *a}\n---\n\nx\n",
			"refused: its front matter has aliases", ""},
		"a nested alias":  {head + "a: &a never\nbuild: {render: *a}\n---\n\nx\n", "skipped: not public: it says build", ""},
		"a merged map":    {head + "<<: {draft: true}\n---\n\nx\n", "refused: its front matter has aliases", ""},
		"an alias inside": {head + "tags: [&a b, *a]\n---\n\nx\n", "created: tags left out: *a", "x"},
		"a forced flag":   {head + "draft: !!bool yes\n---\n\nx\n", "skipped: not public: it says draft: yes", ""},
		"aliases": {head + "a: &a [x,x,x,x,x,x,x,x]\nb: [*a,*a,*a,*a,*a,*a,*a,*a]\n---\n\nHello\n",
			"created: ", "Hello"},
		"nested": {"---\ntitle: " + strings.Repeat("[", 15000) + "\n---\n\nx\n",
			"refused: its front matter is wrong at line 2: exceeded max depth", ""},
		"nested lists":  {head + "a:\n  " + strings.Repeat("- ", 20) + "x\n---\n\nHello\n", "created: ", "Hello"},
		"many lines":    {head + "a: |\n" + strings.Repeat("\n", 500) + "---\n\nHello\n", "created: ", "Hello"},
		"only a text":   {"---\ntitle\n---\n\nx\n", "refused: its front matter has no fields", ""},
		"nothing in it": {"---\n---\n\nx\n", "skipped: it has no date", ""},
		"only remarks":  {"---\n# x\n---\n\nx\n", "refused: its front matter is more than one YAML document, or none", ""},
		"two documents": {head + "--- a\n---\n\nx\n", "refused: its front matter is more than one YAML", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.SQLite(t).(store)
			alice := &models.User{ID: models.NewID(), Username: "alice", Role: models.RoleUser}
			if err := s.CreateUser(t.Context(), alice); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			write(t, dir, "a.md", c.file)
			for _, want := range []string{c.want, strings.Replace(c.want, "created", "unchanged", 1)} {
				if got := importFrom(t, s, dir)["a.md"]; !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			posts := allPosts(t, s)
			switch {
			case c.content == "" && len(posts) > 0:
				t.Errorf("stored %+v", posts)
			case c.content == "":
			case name == "lastmod to come" && time.Since(posts[0].UpdatedAt).Abs() < time.Minute:
			case len(posts) != 1 || posts[0].Content != c.content || !posts[0].UpdatedAt.Equal(posts[0].CreatedAt):
				t.Errorf("stored %+v, want the content %q", posts, c.content)
			case name == "an author" && posts[0].AuthorID != alice.ID, name == "plain" && !posts[0].AuthorID.IsZero():
				t.Errorf("the author is %s", posts[0].AuthorID.Hex())
			case name == "other fields" && !slices.Equal(posts[0].Tags, []string{"go", "2024"}):
				t.Errorf("the tags are %q", posts[0].Tags)
			}
		})
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestImportOfEditedFiles changes exported files, and posts after the export.
func TestImportOfEditedFiles(t *testing.T) {
	testkit.Each(t, func(t *testing.T, opened models.Store) {
		s := opened.(store)
		author := &models.User{ID: models.NewID(), Username: "alice", Role: models.RoleUser}
		bob := &models.User{ID: models.NewID(), Username: "bob", Role: models.RoleUser}
		for _, u := range []*models.User{author, bob} {
			if err := s.CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
		p := newPost(author, "One")
		p.Content = "Hello"
		p.CreatedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		if _, err := s.CreatePost(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		dir := export(t, s)
		name := "2026-01-02-one-" + p.ID.Hex() + ".md"
		original := readDir(t, dir)[name]
		edited := strings.Replace(original, "Hello", "Hello again", 1)
		thePost := "refused: the post " + p.ID.Hex()
		later := func(p *models.Post) error {
			p.Content, p.UpdatedAt = "Changed on the site", p.UpdatedAt.Add(time.Minute)
			return nil
		}
		for _, c := range []struct{ file, want, content string }{
			{original, "unchanged: ", "Hello"},
			{strings.Replace(original, `"alice"`, `"bob"`, 1), thePost + " has another author", "Hello"},
			{strings.Replace(original, "date: 2026", "date: 2025", 1), thePost + " has the date", "Hello"},
			{strings.Replace(original, "author: \"alice\"\n", "", 1), "unchanged: ", "Hello"},
			{edited, "updated: ", "Hello again"},
			{edited, "unchanged: ", "Hello again"},
			{"", "", "Changed on the site"},
			{edited, "refused: the post changed at", "Changed on the site"},
			{strings.Replace(edited, "lastmod", "other", 1), "updated: ", "Hello again"},
		} {
			if c.file == "" {
				if _, err := s.UpdatePost(t.Context(), p.ID, later); err != nil {
					t.Fatal(err)
				}
				continue
			}
			write(t, dir, name, c.file)
			got := importFrom(t, s, dir)[name]
			stored, err := s.PostByID(t.Context(), p.ID)
			if !strings.HasPrefix(got, c.want) || err != nil || stored.Content != c.content || stored.AuthorID != author.ID {
				t.Errorf("got %q and %+v, %v, want %q and %q", got, stored, err, c.want, c.content)
			}
		}
	})
}

// TestImportOfTagsOfAnotherProgram: what it stored stays as it is, and is made into tags in another store.
func TestImportOfTagsOfAnotherProgram(t *testing.T) {
	testkit.Each(t, func(t *testing.T, opened models.Store) {
		s, other := opened.(store), testkit.SQLite(t).(store)
		p := newPost(&models.User{}, "T")
		p.Content, p.Tags = "x", []string{"Web_Dev", "C++", "go"}
		if err := s.PostTable().Insert(t.Context(), []models.KeptPost{{Post: *p}}); err != nil {
			t.Fatal(err)
		}
		dir, file := export(t, s), p.CreatedAt.Format("2006-01-02-")+"t-"+p.ID.Hex()+".md"
		for _, c := range []struct {
			to     store
			result string
			tags   []string
		}{
			{s, "unchanged: ", p.Tags},
			{other, "created: tags left out: C++", []string{"web-dev", "go"}},
			{other, "unchanged: tags left out: C++", []string{"web-dev", "go"}},
		} {
			got, stored := importFrom(t, c.to, dir)[file], allPosts(t, c.to)
			if !strings.HasPrefix(got, c.result) || len(stored) != 1 || !slices.Equal(stored[0].Tags, c.tags) {
				t.Errorf("got %q and %+v, want %q and %q", got, stored, c.result, c.tags)
			}
		}
	})
}

// TestImportChangesNobodysPost goes through who a post, the file with its id, and -author may say wrote it: the text
// changes only if they agree.
func TestImportChangesNobodysPost(t *testing.T) {
	testkit.Each(t, func(t *testing.T, opened models.Store) {
		s := opened.(store)
		ids := map[string]models.ID{}
		for _, name := range []string{"alice", "mallory", "left"} {
			u := &models.User{ID: models.NewID(), Username: name, Role: models.RoleUser}
			if err := s.CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			ids[name] = u.ID
		}
		if err := s.DeleteUser(t.Context(), ids["left"]); err != nil {
			t.Fatal(err)
		}
		for _, writer := range []string{"alice", "left", ""} {
			for _, named := range []string{"", "alice", "mallory", "left"} {
				for _, option := range []string{"", "alice", "mallory", "left"} {
					for _, text := range []string{"Hello", "Changed"} {
						for _, date := range []string{"2024-05-01", "2024-05-02"} {
							p := newPost(&models.User{ID: ids[writer]}, "T")
							p.Content, p.Tags, p.CreatedAt = "Hello", nil, time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
							if err := s.PostTable().Insert(t.Context(), []models.KeptPost{{Post: *p}}); err != nil {
								t.Fatal(err)
							}
							dir, file := t.TempDir(), "---\ntitle: T\ndate: "+date+"\nid: \""+p.ID.Hex()+"\"\n"
							if named != "" {
								file += "author: " + named + "\n"
							}
							write(t, dir, "a.md", file+"---\n\n"+text+"\n")

							resolved, want := named, "unchanged: "
							if named == "" || named == "left" && option != "" {
								resolved = option
							}
							agrees := resolved == writer || resolved == "" && (writer == "left" || text == "Hello")
							switch {
							case resolved == "left" || !agrees || date != "2024-05-01":
								want = "refused: "
							case text == "Changed":
								want = "updated: "
							}
							got := importAs(t, s, dir, option)["a.md"]
							stored, err := s.PostByID(t.Context(), p.ID)
							if err != nil {
								t.Fatal(err)
							}
							if !strings.HasPrefix(got, want) || stored.AuthorID != p.AuthorID ||
								(stored.Content == "Hello") != (want != "updated: " || text == "Hello") {
								t.Errorf("a post of %q, a file of %q from %s with %q, -author %q: got %s and %q, want %s", writer,
									named, date, text, option, got, stored.Content, want)
							}
						}
					}
				}
			}
		}
	})
}

// TestImportStaysInItsFolder: a link to elsewhere is not followed, and one bad file does not stop the others.
func TestImportStaysInItsFolder(t *testing.T) {
	s, dir, outside := testkit.SQLite(t).(store), t.TempDir(), t.TempDir()
	const file = "---\ntitle: T\ndate: 2024-05-01\n---\n\nHello\n"
	write(t, outside, "secret.md", file)
	write(t, dir, "z/deep/good.md", file)
	write(t, dir, ".git/hidden.md", file)
	write(t, dir, "z/_index.md", file)
	write(t, dir, "notes.txt", file)
	for link, to := range map[string]string{
		"a.md": filepath.Join(outside, "secret.md"), "b": outside, "c.md": "../" + filepath.Base(outside) + "/secret.md",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			testkit.Skip(t, err.Error())
		}
	}
	want := map[string]string{
		"a.md": "refused: ", "c.md": "refused: ", "z/deep/good.md": "created: ", "z/_index.md": "skipped: ",
		".git": "skipped: ", "b": "passed over: ", "notes.txt": "passed over: ",
	}
	badName := "z/b\xe9"
	if err := os.Mkdir(filepath.Join(dir, badName), 0o700); err == nil { // no folder of an fs.FS has such a name
		want[badName] = "refused: "
	}
	results := importFrom(t, s, dir)
	for file, result := range results {
		if want[file] == "" || !strings.HasPrefix(result, want[file]) {
			t.Errorf("%s: %s, want %s", file, result, want[file])
		}
		delete(want, file)
	}
	if len(want) > 0 {
		t.Errorf("no word of %v", want)
	}
	if results["z/deep/good.md"] != "created: " || len(allPosts(t, s)) != 1 {
		t.Errorf("the good one: %s", results["z/deep/good.md"])
	}
}

// TestExportOverwritesNothing refuses a folder that is not empty.
func TestExportOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "mine.md", "mine")
	s := testkit.SQLite(t)
	_, err := transfer.Export(t.Context(), s, dir, new(steps).progress)
	if err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v, want a refusal", err)
	}
	if _, err := transfer.Export(t.Context(), s, filepath.Join(dir, "mine.md"), new(steps).progress); err == nil {
		t.Error("a file is no folder")
	}
}
