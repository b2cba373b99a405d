package main

import (
	"context"
	"encoding/json"
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
	"gin-blog/internal/testkit"
	"gin-blog/markdown"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/models/sqlite"
	"gin-blog/routes"
	"gin-blog/seed"
	blogsite "gin-blog/site"
	"gin-blog/tools/internal/load"
	"gin-blog/web"
)

const (
	postsPerUser = 100
	// rareWord is in the newest post, and once more for every 100,000 posts.
	rareWord = "xylophonist"
	// deepPage is the page that is measured as a deep one. In a store with fewer pages it is one near the end.
	deepPage = 10_000
	username = "bencher"
	// usualCost is the default bcrypt cost of the program; cheapCost is the lowest.
	usualCost, cheapCost = 10, 4
)

// site is the API on a store of one size. The requests that write go to a copy, so that the store keeps its size.
type site struct {
	posts      int
	dataDir    string // of the store
	writeDir   string // of the copy
	readStore  *sqlite.Store
	writeStore *sqlite.Store
	readAPI    *server
	coldAPI    *server // on the same store, but it keeps no answers
	readyAPI   *server // has the answers ready-made, without a store
	writeAPI   *server
	kept       []*load.Request // reads whose answers the API keeps. The first one is the list
	ready      []*load.Request // the same reads of readyAPI
	cold       []*load.Request // the same reads of coldAPI
	writes     []*load.Request
}

// notVersioned hides that a store can tell whether anything was committed, so that the API keeps no answers.
type notVersioned struct{ models.Store }

// openSite opens the store with the given number of posts below dir and prepares the requests. It fills the store first
// if there is none yet, and prints how long that took.
func openSite(ctx context.Context, dir string, posts int, out io.Writer) (*site, error) {
	s := &site{posts: posts, dataDir: filepath.Join(dir, fmt.Sprintf("%d-posts", posts))}
	path := filepath.Join(s.dataDir, "gin-blog.db")
	if _, err := os.Stat(path); err != nil {
		start := time.Now()
		err := fillFile(ctx, path, func(store models.Store) error { return populate(ctx, store, posts) })
		if err != nil {
			return nil, err
		}
		elapsed := time.Since(start).Round(100 * time.Millisecond)
		fmt.Fprintf(out, "Filled a store with %s posts in %s\n\n", thousands(posts), elapsed)
	}
	var err error
	if s.readStore, err = sqlite.Open(ctx, path, nil); err != nil {
		return nil, err
	}
	if s.writeDir, err = os.MkdirTemp(dir, "copy"); err != nil {
		return nil, err
	}
	writePath := filepath.Join(s.writeDir, "gin-blog.db")
	if err := sqlite.Backup(ctx, path, writePath); err != nil {
		return nil, err
	}
	if s.writeStore, err = sqlite.Open(ctx, writePath, nil); err != nil {
		return nil, err
	}
	if s.readAPI, err = serve(ctx, s.readStore, cheapCost); err != nil {
		return nil, err
	}
	if s.coldAPI, err = serve(ctx, notVersioned{s.readStore}, cheapCost); err != nil {
		return nil, err
	}
	if s.writeAPI, err = serve(ctx, s.writeStore, usualCost); err != nil {
		return nil, err
	}
	return s, s.prepare(ctx)
}

// prepare makes the requests. The first one is the list.
func (s *site) prepare(ctx context.Context) error {
	page, _, err := s.readStore.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return err
	}
	newest := page[0]
	deep, err := s.pageStart(ctx, min(deepPage, s.posts/pageSize*9/10))
	if err != nil {
		return err
	}
	list, err := s.readAPI.do(ctx, http.MethodGet, "/posts", "")
	if err != nil {
		return err
	}
	const html = "Accept: text/html\r\n"
	reads := []struct{ name, path, headers string }{
		{"list", "/posts", ""},
		{fmt.Sprintf("list, deep (page %s of the largest)", thousands(deepPage)), "/posts?after=" + deep.Hex(), ""},
		{"list by author", "/posts?author=" + newest.AuthorID.Hex(), ""},
		{"list by tag", "/posts?tag=go", ""},
		{"search for a rare word", "/posts?q=" + rareWord, ""},
		{"read one", "/posts/" + newest.ID.Hex(), ""},
		{"the home page", "/", html},
		{"the page of a post", newest.PagePath(), html},
	}
	answers := map[string]*testkit.Response{}
	for _, read := range reads {
		answer, err := s.coldAPI.do(ctx, http.MethodGet, read.path, "", testkit.Header{"Accept": "text/html"})
		if err != nil {
			return err
		}
		answers[read.path] = answer
	}
	if s.readyAPI, err = listen(ctx, readyMade(answers)); err != nil {
		return err
	}
	for _, read := range reads {
		s.kept = append(s.kept, s.readAPI.get(read.name, read.path, read.headers))
		s.ready = append(s.ready, s.readyAPI.get(read.name, read.path, read.headers))
		s.cold = append(s.cold, s.coldAPI.get(read.name, read.path, read.headers))
	}
	unchanged := "If-None-Match: " + list.Header.Get("ETag") + "\r\n"
	s.kept = append(s.kept, s.readAPI.get("list, unchanged (304)", "/posts", unchanged).
		Expecting(http.StatusNotModified))
	s.ready = append(s.ready, s.readyAPI.get("list, unchanged (304)", "/posts", unchanged).
		Expecting(http.StatusNotModified))
	return s.prepareWrites(ctx, &newest)
}

// prepareWrites makes the requests that write. A new post is like an old one.
func (s *site) prepareWrites(ctx context.Context, old *models.Post) error {
	if err := s.writeAPI.register(ctx); err != nil {
		return err
	}
	grant, err := s.writeAPI.login(ctx)
	if err != nil {
		return err
	}
	post, err := json.Marshal(map[string]any{
		"title": old.Title, "content": old.Content, "tags": []string{"go", "gin"},
	})
	if err != nil {
		return err
	}
	s.writes = []*load.Request{
		s.writeAPI.post("create", "/posts", string(post), "Authorization: Bearer "+grant.AccessToken+"\r\n").
			Expecting(http.StatusCreated),
		s.writeAPI.post("refresh", "/auth/refresh", `{"refreshToken":"`+grant.RefreshToken+`"}`, ""),
		s.writeAPI.post(fmt.Sprintf("log in (bcrypt cost %d)", usualCost),
			"/auth/login", testkit.Account(username), "").WithConnections(1),
	}
	return nil
}

// pageStart returns the id of the last post before a page. It reads five pages at a time.
func (s *site) pageStart(ctx context.Context, page int) (models.ID, error) {
	filter := models.PostFilter{Limit: pageSize * 5}
	for range page / 5 {
		posts, _, err := s.readStore.Posts(ctx, filter)
		if err != nil {
			return models.ID{}, err
		}
		filter.After = posts[len(posts)-1].ID
	}
	return filter.After, nil
}

func (s *site) close(ctx context.Context) error {
	var errs []error
	for _, api := range []*server{s.readAPI, s.coldAPI, s.readyAPI, s.writeAPI} {
		errs = append(errs, api.close())
	}
	return errors.Join(append(errs, s.readStore.Close(ctx), s.writeStore.Close(ctx), os.RemoveAll(s.writeDir))...)
}

// fillFile makes a store with the rows that fill stores. The file gets its path only when it is complete.
func fillFile(ctx context.Context, path string, fill func(models.Store) error) error {
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
	if err := fill(store); err != nil {
		return errors.Join(err, store.Close(ctx))
	}
	if err := store.Close(ctx); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// populate stores posts with their authors, and then a few more posts with the rare word.
func populate(ctx context.Context, store models.Store, posts int) error {
	plan := seed.Plan{Users: max(posts/postsPerUser, 1), Posts: posts, Random: 1, PasswordHash: "none"}
	if err := seed.Fill(ctx, store, plan, func(int) {}); err != nil {
		return err
	}
	page, _, err := store.Posts(ctx, models.PostFilter{Limit: 1})
	if err != nil {
		return err
	}
	for range 1 + posts/100_000 {
		post := page[0]
		post.ID, post.Title = models.NewID(), "A "+rareWord
		post.CreatedAt = models.StoredTime(time.Now())
		post.UpdatedAt = post.CreatedAt
		if _, err := store.CreatePost(ctx, &post, nil); err != nil {
			return err
		}
	}
	return nil
}

// server is an API behind a listener.
type server struct {
	addr   string
	server *http.Server
}

// serve starts the API and the pages on a store, as the program does, but without a log. Its tokens are good for an
// hour and are not replaced, so that one can be sent again and again. The cost is that of bcrypt.
func serve(ctx context.Context, store models.Store, cost int) (*server, error) {
	gin.SetMode(gin.ReleaseMode)
	passwords, err := auth.NewPasswords(cost)
	if err != nil {
		return nil, err
	}
	tokens := auth.NewTokens(strings.Repeat("a", 32), strings.Repeat("r", 32), time.Now)
	address, err := blogsite.NewAddress("", nil)
	if err != nil {
		return nil, err
	}
	api := routes.Options{
		Store:     store,
		Passwords: passwords,
		Sessions: auth.NewSessions(store, tokens, auth.SessionOptions{
			AccessTTL: time.Hour, RefreshTTL: time.Hour, Rotation: false, Now: time.Now,
		}),
		Site:     address,
		Markdown: markdown.NewRenderer(),
		Keeper:   middleware.NewKeeper(store, nil),
		Logins:   middleware.NewLoginCounter(nil),
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:      time.Now,
	}
	api.Pages, err = web.New(web.Options{
		Store: store, Sessions: api.Sessions, Keeper: api.Keeper, Logins: api.Logins, Markdown: api.Markdown,
		Accounts: auth.NewAccounts(auth.AccountOptions{
			Store: store, Passwords: passwords, Sessions: api.Sessions, Log: api.Log, Now: api.Now,
		}),
		PasswordMinLength: 6, Address: address, Now: api.Now,
	})
	if err != nil {
		return nil, err
	}
	handler, err := routes.New(api)
	if err != nil {
		return nil, err
	}
	return listen(ctx, handler)
}

// listen serves a handler on a free port of this machine.
func listen(ctx context.Context, handler http.Handler) (*server, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return &server{addr: listener.Addr().String(), server: s}, nil
}

func (s *server) close() error { return s.server.Close() }
