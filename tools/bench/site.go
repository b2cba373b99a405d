package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"gin-blog/tools/internal/load"
	"gin-blog/tools/internal/program"
)

const (
	postsPerUser = 100
	// rareWord is in one post, and once more for every 100,000 posts. commonWord is in many.
	rareWord, commonWord = "xylophonist", "server"
	// chinesePosts have chineseText, in which a search looks for chineseWord.
	chinesePosts, chineseText, chineseWord = 500, "今天讨论了部署方案和数据库性能。", "%E9%83%A8%E7%BD%B2"
	html                                   = "Accept: text/html\r\n"
)

// site is the program on a store of one size.
type site struct {
	posts         int
	program       *program.Process
	client        program.Client
	started       time.Duration // from the start of the program until it listened
	reads, writes []*load.Request
	searches      []*load.Request
}

// post is a post as the list shows it.
type post struct {
	ID             string `json:"_id"`
	Title, Content string
	Author         struct {
		ID       string `json:"_id"`
		Username string
	}
}

// openSite starts the program in dir on a copy of the store with so many posts, and prepares the requests. It fills the
// store first if there is none below keep.
func openSite(ctx context.Context, binary, keep, dir string, posts int) (*site, error) {
	kept := filepath.Join(keep, fmt.Sprintf("%d-posts", posts))
	if _, err := os.Stat(kept); err != nil {
		if err := fill(ctx, binary, kept, posts); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, strconv.Itoa(posts))
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	copied := filepath.Join(data, "gin-blog.db")
	if err := program.Command(ctx, binary, []string{"DATA_DIR=" + kept}, "backup", copied); err != nil {
		return nil, err
	}
	p, err := program.NewProcess("gin-blog", data, []string{
		"PORT={port}", "DATA_DIR=" + data, "LOG_LEVEL=error", "RATE_LIMIT=false", "REFRESH_ROTATION=false",
		"ACCESS_TOKEN_TTL=24h",
	}, binary)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := p.StartAndWait(ctx); err != nil {
		return nil, err
	}
	s := &site{posts: posts, program: p, client: program.Client{URL: "http://" + p.Addr}, started: time.Since(start)}
	err = program.Await(ctx, time.Minute, "the program to be ready", func() error {
		_, err := s.client.Call(ctx, http.MethodGet, "/readyz", nil, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, s.prepare(ctx)
}

// fill makes a store. It gets its path only when it is complete.
func fill(ctx context.Context, binary, path string, posts int) error {
	unfinished := path + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := seed(ctx, binary, "DATA_DIR="+unfinished, posts); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// seed fills the store that a setting names.
func seed(ctx context.Context, binary, setting string, posts int) error {
	fmt.Fprintf(os.Stderr, "bench: filling a store with %s posts\n", thousands(posts))
	users, number := strconv.Itoa(max(posts/postsPerUser, 1)), strconv.Itoa(posts)
	return program.Command(ctx, binary, []string{setting}, "seed", "-users", users, "-posts", number)
}

// prepare signs in as the author of the newest post, creates the posts with the rare word and those in Chinese, and
// makes the requests.
func (s *site) prepare(ctx context.Context) error {
	var posts []post
	if _, err := s.client.Call(ctx, http.MethodGet, "/posts", nil, &posts); err != nil {
		return err
	}
	newest := posts[0]
	if err := s.client.SignIn(ctx, newest.Author.Username); err != nil {
		return err
	}
	var halfway string // the second in which half of the Chinese posts were there
	for i := range chinesePosts + 1 + s.posts/100_000 {
		text := map[string]string{"title": "A " + rareWord, "content": newest.Content}
		if i < chinesePosts {
			text = map[string]string{"title": "部署", "content": strings.Repeat(chineseText, 20)}
		}
		header, err := s.client.Call(ctx, http.MethodPost, "/posts", text, nil)
		if err != nil {
			return err
		}
		if i == chinesePosts/2 {
			halfway = strings.TrimPrefix(header.Get("Location"), "/posts/")[:8]
		}
	}
	if err := s.prepareReads(ctx, newest, halfway); err != nil {
		return err
	}
	return s.prepareWrites(ctx, newest, posts[len(posts)-1].Author.Username)
}

// prepareReads makes the requests that read. The second half is asked of the database each time, because each address
// is new: an id after which a page begins need not be there.
func (s *site) prepareReads(ctx context.Context, newest post, halfway string) error {
	header, err := s.client.Call(ctx, http.MethodGet, "/posts", nil, nil)
	if err != nil {
		return err
	}
	page, _ := s.client.Call(ctx, http.MethodGet, "/p/"+newest.ID, nil, nil) // redirects to the page
	// The first four bytes of an id are the second in which it was made.
	oldest := sort.Search(int(time.Now().Unix()), func(second int) bool {
		var page []post
		_, err = s.client.Call(ctx, http.MethodGet, fmt.Sprintf("/posts?after=%08x%016x", second, 0), nil, &page)
		return err != nil || len(page) == 20
	})
	if err != nil {
		return err
	}
	const first, again = "after=7fffffff" + load.Unique, "asked of the database: "
	unchanged := s.get("the newest 20 posts, not modified", "/posts", "If-None-Match: "+header.Get("ETag")+"\r\n")
	unchanged.Statuses = []int{http.StatusNotModified}
	s.reads = []*load.Request{
		s.get("the newest 20 posts", "/posts", ""),
		unchanged,
		s.get("one post", "/posts/"+newest.ID, ""),
		s.get("the home page", "/", html),
		s.get("the page of a post", page.Get("Location"), html),
		s.get(again+"the newest 20 posts", "/posts?"+first, ""),
		s.get(again+"the oldest 20 posts", fmt.Sprintf("/posts?after=%08x%s", oldest, load.Unique), ""),
		s.get(again+"posts by one author", "/posts?author="+newest.Author.ID+"&"+first, ""),
		s.get(again+"posts with a tag", "/posts?tag=go&"+first, ""),
		s.get(again+"search for a rare word", "/posts?q="+rareWord+"&"+first, ""),
		s.get(again+"the home page", "/?"+first, html),
	}
	middle := fmt.Sprintf("after=%08x%s", (oldest+int(time.Now().Unix()))/2, load.Unique)
	s.searches = []*load.Request{
		s.get(again+"search for a common word", "/posts?q="+commonWord+"&"+first, ""),
		s.get(again+"the same, half the posts further back", "/posts?q="+commonWord+"&"+middle, ""),
		s.get(again+"search in Chinese", "/posts?q="+chineseWord+"&"+first, ""),
		s.get(again+"the same, half of these further back", "/posts?q="+chineseWord+"&after="+halfway+load.Unique, ""),
	}
	return nil
}

// prepareWrites makes the requests that write, and what goes on while the list is read. Another user logs in than the
// one who writes: many logins end the user's older sessions.
func (s *site) prepareWrites(ctx context.Context, newest post, other string) error {
	account := map[string]string{"username": newest.Author.Username, "password": "pass123"}
	var grant struct{ RefreshToken string }
	if _, err := s.client.Call(ctx, http.MethodPost, "/auth/login", account, &grant); err != nil {
		return err
	}
	var program struct{ Token string }
	wanted := map[string]any{"name": "bench", "scopes": []string{"drafts"}}
	if _, err := s.client.Call(ctx, http.MethodPost, "/auth/tokens", wanted, &program); err != nil {
		return err
	}
	content, err := json.Marshal(newest.Content)
	if err != nil {
		return err
	}
	created := fmt.Sprintf(`{"title":"My Post","content":%s,"tags":["go","gin"]}`, content)
	login := fmt.Sprintf(`{"username":%q,"password":"pass123"}`, other)
	refresh := fmt.Sprintf(`{"refreshToken":%q}`, grant.RefreshToken)
	send := func(name, path, headers, body string, connections int, every time.Duration, statuses ...int) *load.Request {
		r := load.New(name, s.program.Addr, path, headers, body)
		r.Connections, r.Every, r.Statuses = connections, every, statuses
		return r
	}
	const ok, unavailable = http.StatusOK, http.StatusServiceUnavailable
	token := "Authorization: Bearer " + s.client.Token + "\r\n"
	creations := send("creations", "POST /posts", token, created, 4, 20*time.Millisecond, http.StatusCreated)
	logins := send("logins", "POST /auth/login", "", login, 400, 2*time.Second, ok, unavailable)
	busy := s.get("the newest 20 posts, while 200 posts a second are created", "/posts", "")
	busy.Meanwhile = creations
	storm := send("the same, while 200 logins a second arrive", "GET /posts", "", "", 1, 10*time.Millisecond, ok)
	storm.Meanwhile = logins
	s.writes = []*load.Request{
		send("create a post", "POST /posts", token, created, load.Connections, 0, http.StatusCreated),
		send("my drafts, by the token of a login", "GET /drafts", token, "", load.Connections, 0, ok),
		send("my drafts, by the access token of a program", "GET /drafts",
			"Authorization: Bearer "+program.Token+"\r\n", "", load.Connections, 0, ok),
		send("refresh a session", "POST /auth/refresh", "", refresh, load.Connections, 0, ok),
		send("log in, one at a time (bcrypt cost 10)", "POST /auth/login", "", login, 1, 0, ok),
		busy,
		send("the newest 20 posts, at 100 requests a second", "GET /posts", "", "", 1, 10*time.Millisecond, ok),
		storm,
	}
	return nil
}

func (s *site) get(name, path, headers string) *load.Request {
	return load.New(name, s.program.Addr, "GET "+path, headers, "")
}
