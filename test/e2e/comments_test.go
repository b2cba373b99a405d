package e2e

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
)

// discuss writes a post and a comment on it, and returns the post's id.
func (p *process) discuss(token string) (post string) {
	p.t.Helper()
	var created struct{ Post testkit.Post }
	p.call("POST", "/posts", token, `{"title":"Discussed","content":"Hello"}`, 201, &created)
	var commented struct{ Comment testkit.Comment }
	p.call("POST", "/posts/"+created.Post.ID+"/comments", token, `{"content":"Nice"}`, 201, &commented)
	return created.Post.ID
}

// TestSweepAfterACrash: a process that starts removes the comments of posts that were deleted before.
func TestSweepAfterACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	token := p.signUp("alice")
	post := p.discuss(token)
	if answer, err := p.do("DELETE", "/posts/"+post, token, ""); err != nil || answer.Status != 204 {
		t.Fatalf("delete the post: %v, %+v", err, answer)
	}
	p.signal(syscall.SIGKILL)
	_ = p.end()
	file, err := sqlite.OpenConn(filepath.Join(dir, "data", "gin-blog.db"), sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	comments := func() int64 {
		n, err := sqlitex.ResultInt64(file.Prep(`SELECT count(*) FROM comments`))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if comments() == 0 {
		t.Fatal("the first process has swept the comments already")
	}
	start(t, dir)
	eventually(t, 10*time.Second, "the sweep", func() bool { return comments() == 0 })
}

// TestCommentsOff: COMMENTS=false hides what was written before, and shows it again when it is taken back.
func TestCommentsOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	post := p.discuss(p.signUp("alice"))
	for _, c := range []struct {
		setting string
		status  int
	}{{"COMMENTS=false", 404}, {"COMMENTS=true", 200}} {
		if err := p.stop(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p = start(t, dir, c.setting)
		answer, err := p.do("GET", "/posts/"+post+"/comments", "", "")
		if err != nil || answer.Status != c.status || strings.Contains(answer.Body, "Nice") != (c.status == 200) {
			t.Errorf("%s: %v, %+v", c.setting, err, answer)
		}
		page, err := p.do("GET", "/p/discussed-"+post, "", "")
		if err != nil || page.Status != 200 || strings.Contains(page.Body, "omment") != (c.status == 200) {
			t.Errorf("%s: %v, %+v", c.setting, err, page)
		}
	}
}
