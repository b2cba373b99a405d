package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// TestOptionsAreNoNames: a name that begins with "-" may be a mistyped option. After "--" it is a name.
func TestOptionsAreNoNames(t *testing.T) {
	environ := seeded(t, "-users", "1", "-posts", "0")
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"backup", "-f"}, {"backup", "--force"}, {"backup", "-f", "copy.db"}, {"backup", "copy.db", "-f"},
		{"role", "-admin", "user"}, {"role", "alice", "-admin"}, {"role", "-h2", "--", "user"}, {"serve", "-p"},
		{"backup", "--", "-f", "-g"},
	} {
		code, stdout, stderr := runIn(t, environ, args...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, "gin-blog: "+args[0]+": ") {
			t.Errorf("%v: exit %d, stdout %q, stderr %q, want a usage error", args, code, stdout, stderr)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("the commands made %v, %v", entries, err)
	}
	code, stdout, stderr := runIn(t, environ, "backup", "--", "-f")
	if code != 0 || !strings.HasPrefix(stdout, "-f is a copy") {
		t.Errorf("backup -- -f: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if _, err := os.Stat("-f"); err != nil {
		t.Error(err)
	}
	code, _, stderr = runIn(t, environ, "role", "--", "-alice", "admin")
	if code != 1 || !strings.Contains(stderr, "no user is called -alice") {
		t.Errorf("role -- -alice admin: exit %d, %s", code, stderr)
	}
}

// TestCommandsOnNoDatabase: in a wrong DATA_DIR, role and backup make nothing, and say what is wrong.
func TestCommandsOnNoDatabase(t *testing.T) {
	for _, args := range [][]string{{"role", "alice", "admin"}, {"reset-link", "alice"}, {"backup", "copy.db"}} {
		dir := t.TempDir()
		t.Chdir(dir)
		for _, data := range []string{filepath.Join(dir, "missing"), dir} {
			code, stdout, stderr := runIn(t, []string{"DATA_DIR=" + data}, args...)
			want := "gin-blog: there is no database " + filepath.Join(data, "gin-blog.db") +
				": run gin-blog once, which makes it, or set DATA_DIR "
			if code != 1 || stdout != "" || !strings.HasPrefix(stderr, want) {
				t.Errorf("%v: exit %d, stdout %q, stderr %q, want %q", args, code, stdout, stderr, want)
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%v made %v, %v", args, entries, err)
		}
	}
}

// TestBackupWithoutAName: the copy has the time in its name, is in DATA_DIR, and git does not take it.
func TestBackupWithoutAName(t *testing.T) {
	environ := seeded(t, "-users", "1", "-posts", "0")
	code, stdout, stderr := runIn(t, environ, "backup")
	dir := strings.TrimPrefix(environ[0], "DATA_DIR=")
	copies, err := filepath.Glob(filepath.Join(dir, "gin-blog-????????-??????.db"))
	if code != 0 || err != nil || len(copies) != 1 || !strings.HasPrefix(stdout, copies[0]+" is a copy of ") {
		t.Errorf("exit %d, stdout %q, stderr %q, copies %v", code, stdout, stderr, copies)
	}
	ignored, err := os.ReadFile("../.gitignore")
	if err != nil || !strings.Contains(string(ignored), "\n*.db\n") {
		t.Errorf(".gitignore lacks *.db: %v", err)
	}
}

// TestMisspeltSettingIsSaid: a command that goes to another store than its user means says why.
func TestMisspeltSettingIsSaid(t *testing.T) {
	environ := []string{"DATA_DIR=" + t.TempDir(), "BCRYPT_COST=4", "MONGODB_URI=mongodb://alice:hunter2@host/"}
	code, stdout, stderr := runIn(t, environ, "seed", "-users", "1", "-posts", "0")
	want := "gin-blog: warning: MONGODB_URI in the environment is not a setting and has no effect: " +
		"did you mean MONGO_URI?\n"
	if code != 0 || stderr != want || strings.Contains(stdout, "hunter2") {
		t.Errorf("exit %d, stdout %q, stderr %q, want %q", code, stdout, stderr, want)
	}
}

// TestNoDataDirForMongoDB: commands on MongoDB need no DATA_DIR, and make none.
func TestNoDataDirForMongoDB(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	environ := []string{
		"DATA_DIR=" + dir, "BCRYPT_COST=4",
		"MONGO_URI=" + testkit.MongoURI(t), "MONGO_DB=" + testkit.Database(t).Name(),
	}
	if code, _, stderr := runIn(t, environ, "seed", "-users", "1", "-posts", "0"); code != 0 {
		t.Errorf("seed: exit %d, %s", code, stderr)
	}
	code, _, stderr := runIn(t, environ, "role", "alice", "admin")
	if code != 1 || !strings.Contains(stderr, "no user is called alice in the MongoDB database") {
		t.Errorf("role: exit %d, %s", code, stderr)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("there is a DATA_DIR")
	}
}
