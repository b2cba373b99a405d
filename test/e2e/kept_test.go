package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gin-blog/internal/testkit"
)

// TestKeptAnswersAreExact: while 8 writers write through two processes on one file, no answer to a request that
// begins after a write was acknowledged lacks that write. Other readers ask for the same pages all the time, so that
// answers are kept.
func TestKeptAnswersAreExact(t *testing.T) {
	t.Parallel()
	const writers, writes = 8, 60
	dir := t.TempDir()
	processes := []*process{start(t, t.TempDir(), "DATA_DIR="+dir, "RATE_LIMIT=false", "METRICS_ADDR=127.0.0.1:0"),
		start(t, t.TempDir(), "DATA_DIR="+dir, "RATE_LIMIT=false")}
	token := processes[0].signUp("alice")

	stop := make(chan struct{})
	var readers, running sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				path := []string{"/posts", "/posts?limit=1", fmt.Sprintf("/posts?tag=w%d&limit=1", n%writers)}[n%3]
				if answer, err := processes[i%2].do("GET", path, token, ""); err != nil || answer.Status != 200 {
					t.Errorf("GET %s: %v, %v", path, answer, err)
					return
				}
			}
		})
	}
	for w := range writers {
		running.Go(func() {
			for n := range writes {
				writer, reader := processes[(w+n)%2], processes[(w+n/2)%2]
				if err := writeAndRead(writer, reader, token, fmt.Sprintf("w%d", w), n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	close(stop)
	readers.Wait()
	if hits := processes[0].metric(`gin_blog_kept_answers_total{result="hit"}`); hits < 10 {
		t.Errorf("only %v answers were sent again, so the test shows little", hits)
	}
}

// writeAndRead creates, changes or deletes a post through one process, and looks for that through another.
func writeAndRead(writer, reader *process, token, tag string, n int) error {
	title := fmt.Sprintf("%s, post %d", tag, n)
	body := fmt.Sprintf(`{"title":%q,"content":"Hello","tags":[%q]}`, title, tag)
	created, err := writer.do("POST", "/posts", token, body)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if created.Status != 201 {
		return fmt.Errorf("create: %v", created)
	}
	var answer struct{ Post testkit.Post }
	if err := json.Unmarshal([]byte(created.Body), &answer); err != nil {
		return err
	}
	path := "/posts/" + answer.Post.ID
	shows := func(path, text string) error {
		got, err := reader.do("GET", path, token, "")
		if err != nil || got.Status != 200 || !strings.Contains(got.Body, text) {
			return fmt.Errorf("GET %s lacks %q: %v, %v", path, text, got, err)
		}
		return nil
	}
	if err := shows("/posts?tag="+tag+"&limit=1", title); err != nil {
		return err
	}
	if err := shows(path, title); err != nil {
		return err
	}
	if err := isNewest(reader, answer.Post.ID); err != nil {
		return err
	}
	changed, err := writer.do("PATCH", path, token, `{"title":"Changed `+title+`"}`)
	if err != nil || changed.Status != 200 {
		return fmt.Errorf("change: %v, %v", changed, err)
	}
	if err := shows(path, "Changed "+title); err != nil {
		return err
	}
	if n%3 > 0 {
		return nil
	}
	if deleted, err := writer.do("DELETE", path, token, ""); err != nil || deleted.Status != 204 {
		return fmt.Errorf("delete: %v, %v", deleted, err)
	}
	if gone, err := reader.do("GET", path, token, ""); err != nil || gone.Status != 404 {
		return fmt.Errorf("GET %s after its deletion: %v, %v", path, gone, err)
	}
	return nil
}

// isNewest wants the list to begin with a post, or with one that was created later.
func isNewest(reader *process, id string) error {
	got, err := reader.do("GET", "/posts?limit=1", "", "")
	if err != nil || got.Status != 200 {
		return fmt.Errorf("GET /posts: %v, %v", got, err)
	}
	var list []testkit.Post
	if err := json.Unmarshal([]byte(got.Body), &list); err != nil || len(list) != 1 || list[0].ID < id {
		return fmt.Errorf("the list begins with %+v, %v, want %s or a later post", list, err, id)
	}
	return nil
}

// TestKeptAnswersFollowTheFile: a backup does not disturb them, and after a restart on another file nothing of the
// file before is sent again, though the client has its ETag.
func TestKeptAnswersFollowTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir)
	token := p.signUp("alice")
	var created struct{ Post testkit.Post }
	p.call("POST", "/posts", token, `{"title":"First","content":"Hello"}`, 201, &created)
	path := "/posts/" + created.Post.ID
	backup := filepath.Join(dir, "copy.db")
	if out, err := command(dir, nil, "backup", backup).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.call("PATCH", path, token, `{"title":"Edit A"}`, 200, nil)
	etag := p.call("GET", path, "", "", 200, nil).Get("ETag")
	if err := p.stop(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "data", "gin-blog.db")
	if err := os.Rename(backup, file); err != nil {
		t.Fatal(err)
	}

	p = start(t, dir)
	p.call("PATCH", path, token, `{"title":"Edit B"}`, 200, nil)
	var post testkit.Post
	p.call("GET", path, "", "", 200, &post, testkit.Header{"If-None-Match": etag})
	if post.Title != "Edit B" {
		t.Errorf("the title is %q", post.Title)
	}
	p.call("PATCH", path, token, `{"title":"lost"}`, 412, nil, testkit.Header{"If-Match": etag})
}
