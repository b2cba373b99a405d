package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/auth"
	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/routes"
	"gin-blog/seed"
)

const (
	postsPerUser = 100
	// rareWord is in the newest post and in every 100,000th.
	rareWord = "xylophonist"
	// deepPage is how many pages lie before the one that counts as deep.
	deepPage = 10_000
	password = "pass123"
)

// site is the API on a store of one size. What writes goes to a copy, so that the store keeps its size.
type site struct {
	posts       int
	data        string // the folder of the store
	store, copy *sqlite.Store
	copyDir     string
	readAPI     *server
	writeAPI    *server
	requests    []*request
}

// open opens the store with n posts in dir, after filling it where it is not, and prepares the requests.
func open(ctx context.Context, dir string, n int, out io.Writer) (*site, error) {
	s := &site{posts: n, data: filepath.Join(dir, fmt.Sprintf("%d-posts", n))}
	path := filepath.Join(s.data, "gin-blog.db")
	if _, err := os.Stat(path); err != nil {
		start := time.Now()
		if err := fillFile(ctx, path, n); err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "Filled a store with %s posts in %s\n\n", thousands(n), time.Since(start).Round(100*time.Millisecond))
	}
	var err error
	if s.store, err = sqlite.Open(ctx, path, nil); err != nil {
		return nil, err
	}
	if s.copyDir, err = os.MkdirTemp(dir, "copy"); err != nil {
		return nil, err
	}
	copied := filepath.Join(s.copyDir, "gin-blog.db")
	if err := sqlite.Backup(ctx, path, copied); err != nil {
		return nil, err
	}
	if s.copy, err = sqlite.Open(ctx, copied, nil); err != nil {
		return nil, err
	}
	if s.readAPI, err = serve(ctx, s.store, 4); err != nil {
		return nil, err
	}
	if s.writeAPI, err = serve(ctx, s.copy, 10); err != nil {
		return nil, err
	}
	return s, s.prepare(ctx)
}

// prepare makes the requests.
func (s *site) prepare(ctx context.Context) error {
	newest, _, err := s.store.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return err
	}
	deep, err := s.pageStart(ctx, min(deepPage, s.posts/pageSize*9/10))
	if err != nil {
		return err
	}
	etag, err := s.readAPI.etag(ctx, "/posts")
	if err != nil {
		return err
	}
	if err := s.writeAPI.register(ctx); err != nil {
		return err
	}
	login := `{"username":"bencher","password":"` + password + `"}`
	access, refresh, err := s.writeAPI.login(ctx, login)
	if err != nil {
		return err
	}
	post := fmt.Sprintf(`{"title":"%s","content":"%s","tags":["go","gin"]}`, newest[0].Title, strings.ReplaceAll(newest[0].Content, `"`, `'`))
	s.requests = []*request{
		s.readAPI.get("list", "/posts", ""),
		s.readAPI.get(fmt.Sprintf("list, deep (page %s of the largest)", thousands(deepPage)), "/posts?after="+deep.Hex(), ""),
		s.readAPI.get("list by author", "/posts?author="+newest[0].AuthorID.Hex(), ""),
		s.readAPI.get("list by tag", "/posts?tag=go", ""),
		s.readAPI.get("search for a rare word", "/posts?q="+rareWord, ""),
		s.readAPI.get("list, unchanged (304)", "/posts", "If-None-Match: "+etag+"\r\n").answering(http.StatusNotModified),
		s.readAPI.get("read one", "/posts/"+newest[0].ID.Hex(), ""),
		s.writeAPI.post("create", "/posts", post, "Authorization: Bearer "+access+"\r\n").answering(http.StatusCreated),
		s.writeAPI.post("refresh", "/auth/refresh", `{"refreshToken":"`+refresh+`"}`, ""),
		s.writeAPI.post("log in (bcrypt cost 10)", "/auth/login", login, "").withConnections(1),
	}
	return nil
}

// pageStart is the last post before a page.
func (s *site) pageStart(ctx context.Context, page int) (models.ID, error) {
	filter := models.PostFilter{Limit: pageSize * 5}
	for range page / 5 {
		posts, _, err := s.store.Posts(ctx, filter)
		if err != nil {
			return models.ID{}, err
		}
		filter.After = posts[len(posts)-1].ID
	}
	return filter.After, nil
}

func (s *site) find(name string) *request {
	for _, r := range s.requests {
		if r.name == name {
			return r
		}
	}
	return nil
}

func (s *site) close(ctx context.Context) error {
	return errors.Join(s.readAPI.close(), s.writeAPI.close(), s.store.Close(ctx), s.copy.Close(ctx), os.RemoveAll(s.copyDir))
}

// fillFile makes a store with n posts of some 60 words. It appears at path only when it is whole.
func fillFile(ctx context.Context, path string, n int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	unfinished := path + ".unfinished"
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(unfinished + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	store, err := sqlite.Open(ctx, unfinished, nil)
	if err != nil {
		return err
	}
	if err := populate(ctx, store, n); err != nil {
		return errors.Join(err, store.Close(ctx))
	}
	if err := store.Close(ctx); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// populate puts n posts and their authors into a store, some of them with the rare word.
func populate(ctx context.Context, store models.Store, n int) error {
	plan := seed.Plan{Users: max(n/postsPerUser, 1), Posts: n, Random: 1, PasswordHash: "none"}
	if err := seed.Fill(ctx, store, plan, func(int) {}); err != nil {
		return err
	}
	newest, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return err
	}
	for range 1 + n/100_000 {
		now := time.Now().UTC()
		p := &models.Post{ID: models.NewID(), Title: "A " + rareWord, Content: newest[0].Content, AuthorID: newest[0].AuthorID, CreatedAt: now, UpdatedAt: now}
		if _, err := store.CreatePost(ctx, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// server is an API behind a listener.
type server struct {
	addr string
	http *http.Server
}

// serve starts the API on a store, as main does, on a free port, with a log that nobody reads.
func serve(ctx context.Context, store models.Store, cost int) (*server, error) {
	gin.SetMode(gin.ReleaseMode)
	passwords, err := auth.NewPasswords(cost)
	if err != nil {
		return nil, err
	}
	tokens := auth.NewTokens(strings.Repeat("a", 32), strings.Repeat("r", 32), time.Now)
	handler, err := routes.New(routes.Options{
		Store:     store,
		Passwords: passwords,
		Sessions: auth.NewSessions(store, tokens, auth.SessionOptions{
			AccessTTL: time.Hour, RefreshTTL: time.Hour, Rotation: false, Now: time.Now, // so that one token can be sent again and again
		}),
		Validator:   models.NewValidator(6),
		Log:         slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:         time.Now,
		Draining:    func() bool { return false },
		CORSOrigins: []string{"*"},
	})
	if err != nil {
		return nil, err
	}
	return listen(ctx, handler)
}

func listen(ctx context.Context, handler http.Handler) (*server, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{addr: listener.Addr().String(), http: &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

func (s *server) close() error { return s.http.Close() }
