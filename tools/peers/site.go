package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gin-blog/tools/internal/load"
	"gin-blog/tools/internal/program"
)

// scannedPosts is how many posts SecantusDB holds. It reads all of them for each list, so with more of them it would be
// too slow to keep the servers before it busy.
const scannedPosts = 100

// site is everything that runs.
type site struct {
	*installation
	posts     int
	dir       string // of the data and logs, made anew
	processes []*program.Process
}

// server is a server that is measured.
type server struct {
	name, store string // as the table calls them
	list, post  string // the path of the first page of posts, and of one post, with ID for its id
	wrapped     bool   // the list is in the items of an object
	ginBlog     *server
	process     *program.Process
	client      program.Client
	requests    []*request // the list, the list that is not kept, and one post
}

// request is a request to one server, and what it cost: a value for each round.
type request struct {
	*load.Request
	processor []float64 // µs a request
	memory    []float64 // MiB
}

// item is a post of a list, in the tutorial's form or in PocketBase's.
type item struct {
	ID             string `json:"_id"`
	RecordID       string `json:"id"`
	Title, Content string
	Author         any
	Expand         struct{ Author any }
}

// start fills and starts all servers, of which none logs requests.
func (s *site) start(ctx context.Context) ([]*server, error) {
	if err := os.RemoveAll(s.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	mongo, err := s.launch(ctx, loadCPU, server{}, nil, s.mongo, "{port}", filepath.Join(s.dir, "mongodb"))
	if err != nil {
		return nil, err
	}
	uri, posts := "MONGO_URI=mongodb://"+mongo.process.Addr+"/blog", s.posts
	if strings.HasPrefix(s.mongoName, "SecantusDB") {
		posts = min(posts, scannedPosts)
	}
	onMongoDB, err := s.startGinBlog(ctx, fmt.Sprintf("%s, %d posts", s.mongoName, posts), posts, uri)
	if err != nil {
		return nil, err
	}
	express := *onMongoDB
	express.name = s.expressName
	started, err := s.launch(ctx, serverCPU, express, []string{"NODE_ENV=production", uri, "PORT={port}"},
		"node", filepath.Join(s.express, "app.js"))
	if err != nil {
		return nil, err
	}
	onSQLite, err := s.startGinBlog(ctx, fmt.Sprintf("SQLite, %d posts", s.posts), s.posts)
	if err != nil {
		return nil, err
	}
	pocketBase, err := s.startPocketBase(ctx, onSQLite)
	if err != nil {
		return nil, err
	}
	started.ginBlog, onMongoDB.ginBlog, pocketBase.ginBlog, onSQLite.ginBlog = onMongoDB, onMongoDB, onSQLite, onSQLite
	servers := []*server{started, onMongoDB, pocketBase, onSQLite}
	for _, server := range servers {
		if err := server.prepare(ctx); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

// startGinBlog fills a store with posts and starts gin-blog on it.
func (s *site) startGinBlog(ctx context.Context, store string, posts int, settings ...string) (*server, error) {
	settings = append(settings, "LOG_LEVEL=error", "DATA_DIR="+filepath.Join(s.dir, strconv.Itoa(len(s.processes))))
	users := strconv.Itoa(max(1, posts/100))
	err := program.Command(ctx, s.installation.ginBlog, settings, "seed", "-users", users, "-posts", strconv.Itoa(posts))
	if err != nil {
		return nil, err
	}
	template := server{name: "gin-blog", store: store, list: "/posts", post: "/posts/ID"}
	return s.launch(ctx, serverCPU, template, append(settings, "PORT={port}"), s.installation.ginBlog)
}

// startPocketBase gives PocketBase the posts of gin-blog and starts it.
func (s *site) startPocketBase(ctx context.Context, ginBlog *server) (*server, error) {
	posts, err := program.List[json.RawMessage](ctx, &ginBlog.client, "/posts?limit=100")
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(posts)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.dir, "posts.json")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return nil, err
	}
	migrations, err := program.Root("tools", "peers", "pocketbase")
	if err != nil {
		return nil, err
	}
	flags := []string{"--dir", filepath.Join(s.dir, "pocketbase"), "--migrationsDir", migrations, "--automigrate=false"}
	for _, args := range [][]string{
		{"migrate", "up"},
		{"superuser", "upsert", "admin@example.com", "password"}, // without one, PocketBase opens a browser
	} {
		command := exec.CommandContext(ctx, s.pocketBase, append(args, flags...)...)
		command.Env = append(os.Environ(), "POSTS="+file)
		if err := program.Run(command); err != nil {
			return nil, err
		}
	}
	const records = "/api/collections/posts/records"
	template := server{
		name: s.pocketBaseName, store: ginBlog.store, wrapped: true,
		// To sort by rowid, and not to count the posts, is what is fastest for it.
		list: fmt.Sprintf("%s?perPage=%d&sort=-@rowid&expand=author&skipTotal=1", records, pageSize),
		post: records + "/ID?expand=author",
	}
	serve := append([]string{s.pocketBase, "serve", "--http", "127.0.0.1:{port}"}, flags...)
	return s.launch(ctx, serverCPU, template, nil, serve...)
}

// launch starts a server that is bound to a processor, and waits until it listens.
func (s *site) launch(
	ctx context.Context, cpu string, template server, settings []string, command ...string,
) (*server, error) {
	server := template
	// taskset becomes the server, so both have the same process id.
	command = append([]string{"taskset", "--cpu-list", cpu}, command...)
	var err error
	server.process, err = program.NewProcess(strconv.Itoa(len(s.processes)), s.dir, settings, command...)
	if err != nil {
		return nil, err
	}
	s.processes = append(s.processes, server.process)
	server.client.URL = "http://" + server.process.Addr
	return &server, server.process.StartAndWait(ctx)
}

// stop ends all servers.
func (s *site) stop() {
	for _, process := range s.processes {
		process.Close()
	}
}

// prepare makes the requests. It is an error if the server does not list the same posts as gin-blog.
func (s *server) prepare(ctx context.Context) error {
	got, id, err := s.newest(ctx)
	if err != nil {
		return err
	}
	want, _, err := s.ginBlog.newest(ctx)
	if err != nil {
		return err
	}
	if len(want) != pageSize || !slices.Equal(got, want) {
		return fmt.Errorf("%s does not list the %d posts that gin-blog lists: %s, want %s", s.name, pageSize, got, want)
	}
	one := strings.Replace(s.post, "ID", id, 1)
	asked := s.list
	if s == s.ginBlog { // which keeps the answer to each address
		asked += "?after=7fffffff" + load.Unique
	}
	newest := fmt.Sprintf("the newest %d posts", pageSize)
	for _, r := range [][2]string{{newest, s.list}, {"asked of the database: " + newest, asked}, {"one post", one}} {
		s.requests = append(s.requests, &request{Request: load.New(r[0], s.process.Addr, "GET "+r[1], "", "")})
	}
	return nil
}

// newest returns the title, content and author of each post that the server lists, and the id of the first one.
func (s *server) newest(ctx context.Context) (posts []string, id string, err error) {
	var object struct{ Items []item }
	var list any = &object.Items
	if s.wrapped {
		list = &object
	}
	if _, err := s.client.Call(ctx, http.MethodGet, s.list, nil, list); err != nil || len(object.Items) == 0 {
		return nil, "", fmt.Errorf("%s lists no posts: %w", s.name, err)
	}
	for _, p := range object.Items {
		author, _ := p.Author.(map[string]any)
		if s.wrapped {
			author, _ = p.Expand.Author.(map[string]any)
		}
		posts = append(posts, fmt.Sprint(p.Title, "\n", p.Content, "\n", author["username"]))
	}
	return posts, object.Items[0].ID + object.Items[0].RecordID, nil
}
