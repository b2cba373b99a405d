package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// TestKeptAnswersAreExact: while 8 writers write through two processes on one store, no answer to a request that begins
// after a write was acknowledged lacks that write. Other readers ask for the same pages all the time, so that answers
// are kept: between the rounds, until one was sent again.
func TestKeptAnswersAreExact(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		kept := keptAnswers{writes: 20, breaks: func() {}}
		kept.areExact(t, "DATA_DIR="+dir)
	})
	t.Run("MongoDB", func(t *testing.T) {
		t.Parallel()
		testkit.MongoURI(t) // skips the test where there is no server
		server := startReplicaSet(t)
		kept := keptAnswers{writes: 3, mayFail: true, breaks: server.crash}
		kept.areExact(t, "DATA_DIR="+t.TempDir(), "MONGO_URI=mongodb://"+server.address+"/?replicaSet=rs0")
	})
}

// keptAnswers is a test of answers that are kept.
type keptAnswers struct {
	writes  int    // of each writer in a round
	mayFail bool   // with 503: then the client repeats a read, and does not know about a write
	breaks  func() // is called while the writers write
}

// areExact tests two processes with the same settings.
func (k *keptAnswers) areExact(t *testing.T, settings ...string) {
	const writers, rounds = 8, 5
	settings = append(settings, "RATE_LIMIT=false", "METRICS_ADDR=127.0.0.1:0")
	processes := []*process{start(t, t.TempDir(), settings...), start(t, t.TempDir(), settings...)}
	eventually(t, 30*time.Second, "ready", func() bool { return processes[0].readyz()+processes[1].readyz() == 400 })
	token := processes[0].signUp("alice")

	stop := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				path := []string{"/posts", "/posts?limit=1", fmt.Sprintf("/posts?tag=w%d&limit=1", n%writers)}[n%3]
				if answer, err := k.read(processes[i%2], path, token); err != nil || answer.Status != 200 {
					t.Errorf("GET %s: %v, %v", path, answer, err)
					return
				}
			}
		})
	}
	for round := range rounds {
		var running sync.WaitGroup
		for w := range writers {
			running.Go(func() {
				for n := round * k.writes; n < (round+1)*k.writes; n++ {
					writer, reader := processes[(w+n)%2], processes[(w+n/2)%2]
					err := k.writeAndRead(writer, reader, token, fmt.Sprintf("w%d", w), n)
					if err != nil && !errors.Is(err, errUnknown) {
						t.Error(err)
						return
					}
				}
			})
		}
		if round == 1 {
			k.breaks()
		}
		running.Wait()
		for _, p := range processes {
			hits := func() float64 { return p.metric(`gin_blog_kept_answers_total{result="hit"}`) }
			before := hits()
			eventually(t, 30*time.Second, "answers are sent again", func() bool { return hits() > before+10 })
		}
	}
	close(stop)
	readers.Wait()
}

// errUnknown says that a write may have been carried out.
var errUnknown = errors.New("503")

// read reads a path.
func (k *keptAnswers) read(p *process, path, token string) (*testkit.Response, error) {
	answer, err := p.do("GET", path, token, "")
	for begin := time.Now(); k.mayFail && err == nil && answer.Status == 503 && time.Since(begin) < time.Minute; {
		answer, err = p.do("GET", path, token, "")
	}
	return answer, err
}

// write sends a request that changes something.
func (k *keptAnswers) write(p *process, method, path, token, body string, status int) (*testkit.Response, error) {
	answer, err := p.do(method, path, token, body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	case k.mayFail && answer.Status == 503:
		return nil, errUnknown
	case answer.Status != status:
		return nil, fmt.Errorf("%s %s: %v", method, path, answer)
	}
	return answer, nil
}

// writeAndRead creates, changes or deletes a post through one process, and looks for that through another.
func (k *keptAnswers) writeAndRead(writer, reader *process, token, tag string, n int) error {
	title := fmt.Sprintf("%s, post %d", tag, n)
	body := fmt.Sprintf(`{"title":%q,"content":"Hello","tags":[%q]}`, title, tag)
	created, err := k.write(writer, "POST", "/posts", token, body, 201)
	if err != nil {
		return err
	}
	var answer struct{ Post testkit.Post }
	if err := json.Unmarshal([]byte(created.Body), &answer); err != nil {
		return err
	}
	path := "/posts/" + answer.Post.ID
	shows := func(path, text string) error {
		got, err := k.read(reader, path, token)
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
	if err := k.isNewest(reader, answer.Post.ID); err != nil {
		return err
	}
	if _, err := k.write(writer, "PATCH", path, token, `{"title":"Changed `+title+`"}`, 200); err != nil {
		return err
	}
	if err := shows(path, "Changed "+title); err != nil {
		return err
	}
	if n%3 > 0 {
		return nil
	}
	if _, err := k.write(writer, "DELETE", path, token, "", 204); err != nil {
		return err
	}
	if gone, err := k.read(reader, path, token); err != nil || gone.Status != 404 {
		return fmt.Errorf("GET %s after its deletion: %v, %v", path, gone, err)
	}
	return nil
}

// isNewest wants the list to begin with a post, or with one that was created later.
func (k *keptAnswers) isNewest(reader *process, id string) error {
	got, err := k.read(reader, "/posts?limit=1", "")
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
