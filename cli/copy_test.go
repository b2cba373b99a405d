package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/internal/testkit"
)

// TestCopyOnlyReadsItsSource compares an SQLite file, and a bare database of the Express app, before and after a copy.
func TestCopyOnlyReadsItsSource(t *testing.T) {
	environ := seeded(t, "-users", "2", "-posts", "30")
	source := filepath.Join(strings.TrimPrefix(environ[0], "DATA_DIR="), "gin-blog.db")
	state := func() string {
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(source)
		return fmt.Sprintf("%x %v %v", sha256.Sum256(content), info.ModTime(), err)
	}
	before := state()
	target := "sqlite:" + filepath.Join(t.TempDir(), "copy.db")
	code, stdout, stderr := runIn(t, nil, "copy", "sqlite:"+source, target)
	if code != 0 || !strings.Contains(stdout, "posts     30 on both sides, SHA-256 ") || stderr != "" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if state() != before {
		t.Error("the source file has changed")
	}

	uri, db := testkit.MongoURI(t), testkit.Database(t)
	document := bson.D{{Key: "username", Value: "alice"}, {Key: "password", Value: "$2b$10$x"}}
	if _, err := db.Collection("users").InsertOne(t.Context(), document); err != nil {
		t.Fatal(err)
	}
	from := strings.TrimSuffix(uri, "/") + "/" + db.Name()
	target = "sqlite:" + filepath.Join(t.TempDir(), "copy.db")
	code, stdout, stderr = runIn(t, nil, "copy", from, target)
	if code != 0 || !strings.Contains(stdout, "users     1 on both sides") ||
		!strings.Contains(stdout, "is a copy of mongodb://") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil || len(names) != 1 {
		t.Errorf("the source has the collections %v, %v, want users alone", names, err)
	}
	indexes, err := db.Collection("users").Indexes().ListSpecifications(t.Context())
	if err != nil || len(indexes) != 1 {
		t.Errorf("the source has %d indexes on users, %v, want the one on _id", len(indexes), err)
	}
}

// TestCopyRefusesItsSource: files that are no stores, or none of this version, stay as they are.
func TestCopyRefusesItsSource(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		text: "no database", empty: "the file is empty", filepath.Join(dir, "missing.db"): "no such file",
	} {
		target := filepath.Join(dir, "target.db")
		code, stdout, stderr := runIn(t, nil, "copy", "sqlite:"+source, "sqlite:"+target)
		if code != 1 || stdout != "" || !strings.HasPrefix(stderr, "gin-blog: open database "+source) ||
			!strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q, want %q", source, code, stdout, stderr, want)
		}
		if _, err := os.Stat(target); err == nil {
			t.Errorf("%s: there is a target", source)
		}
	}
}

// TestBrokenCopySaysWhatToEmpty follows what a copy says that failed, and copies again.
func TestBrokenCopySaysWhatToEmpty(t *testing.T) {
	db := testkit.Database(t)
	server := strings.TrimSuffix(testkit.MongoURI(t), "/") + "/"
	users := db.Collection("users")
	for _, name := range []string{"alice", "Alice"} {
		if _, err := users.InsertOne(t.Context(), bson.D{{Key: "username", Value: name}}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	advice := "Stop every server on both sides. Delete the files " + file + ", " + file + "-wal and " + file + "-shm. " +
		"Then run the same command again"
	for range 2 {
		code, stdout, stderr := runIn(t, nil, "copy", server+db.Name(), "sqlite:"+file)
		if code != 1 || stdout != "" || !strings.Contains(stderr, advice) {
			t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, advice)
		}
	}
	if _, err := users.DeleteOne(t.Context(), bson.D{{Key: "username", Value: "Alice"}}); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if code, _, stderr := runIn(t, nil, "copy", server+db.Name(), "sqlite:"+file); code != 0 {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}

	target := testkit.Database(t)
	copyBack := func(wantCode int, want string) {
		t.Helper()
		code, stdout, stderr := runIn(t, nil, "copy", "sqlite:"+file, server+target.Name())
		if code != wantCode || !strings.Contains(stdout+stderr, want) {
			t.Errorf("exit %d, stdout %q, stderr %q, want %d and %q", code, stdout, stderr, wantCode, want)
		}
	}
	copyBack(0, "users     1 on both sides")
	unfinished := bson.D{{Key: "_id", Value: "unfinished"}, {Key: "address", Value: "sqlite:/old.db"}}
	if _, err := target.Collection("copySource").InsertOne(t.Context(), unfinished); err != nil {
		t.Fatal(err)
	}
	names := []string{"users", "sessions", "posts", "comments", "drafts", "copySource"}
	copyBack(1, "incomplete copy of sqlite:/old.db. Stop every server on both sides. Drop the collections "+
		strings.Join(names[:5], ", ")+" and copySource of the database "+target.Name()+". Then run")
	for _, name := range names {
		if err := target.Collection(name).Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	copyBack(0, "users     1 on both sides")
}

// TestAddresses: what is printed of an address has no password and no options.
func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"mongodb://localhost":                                    "mongodb://localhost/blog",
		"mongodb://u:p%40ss@a:1,b:2/site?authSource=admin":       "mongodb://a:1,b:2/site",
		"mongodb+srv://u:p@cluster.example/?w=majority":          "mongodb+srv://cluster.example/blog",
		"mongodb://u:p@h:1?replicaSet=rs0":                       "mongodb://h:1/blog",
		"mongodb://u:p?w@h/site":                                 "mongodb://h/site",
		"sqlite:/nowhere/../a.db":                                "sqlite:/a.db",
		"sqlite:/" + strings.Repeat("x/../", 10) + "a b?c%20.db": "sqlite:/a b?c%20.db",
	} {
		a, err := call{stderr: t.Output()}.parsePlace(text)
		if err != nil || a.address() != want {
			t.Errorf("%s: got %s, %v, want %s", text, a.address(), err, want)
		}
	}
}
