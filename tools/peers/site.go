package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"gin-blog/tools/internal/program"
)

// scannedPosts is how many posts SecantusDB holds. It reads all of them for each list, so with more of them it would be
// too slow to keep the servers before it busy.
const scannedPosts = 100

// site is everything that runs.
type site struct {
	options   options
	installed *installation
	dir       string // of the data and logs, made anew
	processes []*program.Process
}

// pair is two servers on the same kind of store, with the same posts.
type pair struct{ peer, ginBlog *server }

// start fills and starts all servers. None of them logs requests.
func (s *site) start(ctx context.Context) ([]pair, error) {
	if err := os.RemoveAll(s.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	onMongoDB, err := s.startOnMongoDB(ctx)
	if err != nil {
		return nil, fmt.Errorf("start what uses MongoDB: %w", err)
	}
	store := fmt.Sprintf("SQLite, %d posts", s.options.posts)
	ginBlog, err := s.startGinBlog(ctx, store, s.options.posts)
	if err != nil {
		return nil, fmt.Errorf("start gin-blog on SQLite: %w", err)
	}
	pocketBase, err := s.startPocketBase(ctx, store, ginBlog)
	if err != nil {
		return nil, fmt.Errorf("start PocketBase: %w", err)
	}
	return []pair{*onMongoDB, {pocketBase, ginBlog}}, nil
}

// startOnMongoDB starts a MongoDB server, and gin-blog and the Express app on the same database.
func (s *site) startOnMongoDB(ctx context.Context) (*pair, error) {
	posts := s.options.posts
	if strings.HasPrefix(s.installed.mongoName, "SecantusDB") {
		posts = min(posts, scannedPosts)
	}
	store := fmt.Sprintf("%s, %d posts", s.installed.mongoName, posts)
	mongo := &server{name: "MongoDB"}
	if err := s.launch(ctx, mongo, s.options.loadCPU, func(_, port string) (command, env []string) {
		return []string{s.installed.mongo, port, filepath.Join(s.dir, "mongodb")}, nil
	}); err != nil {
		return nil, err
	}
	uri := "MONGO_URI=mongodb://" + mongo.process.Addr + "/blog"
	ginBlog, err := s.startGinBlog(ctx, store, posts, uri)
	if err != nil {
		return nil, err
	}
	express := *ginBlog
	express.name = s.installed.expressName
	return &pair{&express, ginBlog}, s.launch(ctx, &express, s.options.serverCPU, func(_, port string) (command, env []string) {
		return []string{"node", filepath.Join(s.installed.express, "app.js")}, []string{"NODE_ENV=production", uri, "PORT=" + port}
	})
}

// startGinBlog fills a store with posts and starts gin-blog on it.
func (s *site) startGinBlog(ctx context.Context, store string, posts int, settings ...string) (*server, error) {
	settings = append(settings, "LOG_LEVEL=error", "DATA_DIR="+filepath.Join(s.dir, strconv.Itoa(len(s.processes))))
	users := strconv.Itoa(max(1, posts/100))
	err := program.Command(ctx, s.installed.ginBlog, settings, "seed", "-users", users, "-posts", strconv.Itoa(posts))
	if err != nil {
		return nil, err
	}
	server := &server{
		name: "gin-blog", store: store, list: "/posts", post: func(id string) string { return "/posts/" + id },
	}
	return server, s.launch(ctx, server, s.options.serverCPU, func(_, port string) (command, env []string) {
		return []string{s.installed.ginBlog}, append(settings, "PORT="+port)
	})
}

// startPocketBase gives PocketBase the posts of gin-blog and starts it.
func (s *site) startPocketBase(ctx context.Context, store string, ginBlog *server) (*server, error) {
	posts, err := program.List[json.RawMessage](ctx, ginBlog.client(), "/posts?limit=100")
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
	migrations, err := filepath.Abs(filepath.Join("peers", "pocketbase"))
	if err != nil {
		return nil, err
	}
	flags := []string{"--dir", filepath.Join(s.dir, "pocketbase"), "--migrationsDir", migrations, "--automigrate=false"}
	for _, args := range [][]string{
		{"migrate", "up"},
		{"superuser", "upsert", "admin@example.com", "password"}, // without one, PocketBase opens a browser
	} {
		command := exec.CommandContext(ctx, s.installed.pocketBase, append(args, flags...)...)
		command.Env = append(os.Environ(), "POSTS="+file)
		if err := program.Run(command); err != nil {
			return nil, err
		}
	}
	const records = "/api/collections/posts/records"
	server := &server{
		name: s.installed.pocketBaseName, store: store, wrapped: true,
		// To sort by rowid, and not to count the posts, is what is fastest for it.
		list: fmt.Sprintf("%s?perPage=%d&sort=-@rowid&expand=author&skipTotal=1", records, pageSize),
		post: func(id string) string { return records + "/" + id + "?expand=author" },
	}
	return server, s.launch(ctx, server, s.options.serverCPU, func(addr, _ string) (command, env []string) {
		return append([]string{s.installed.pocketBase, "serve", "--http", addr}, flags...), nil
	})
}

// launch starts a server that is bound to a processor, and waits until it listens.
func (s *site) launch(
	ctx context.Context, server *server, cpu string, how func(addr, port string) (command, env []string),
) error {
	addr, port, err := program.FreeAddress()
	if err != nil {
		return err
	}
	command, env := how(addr, port)
	// taskset becomes the server, so both have the same process id.
	server.process = &program.Process{
		Name: strconv.Itoa(len(s.processes)), Command: append([]string{"taskset", "--cpu-list", cpu}, command...),
		Env: env, Dir: s.dir, Addr: addr,
	}
	s.processes = append(s.processes, server.process)
	return server.process.StartAndWait(ctx)
}

// stop ends all servers.
func (s *site) stop() {
	for _, process := range s.processes {
		process.Close()
	}
}

// server is a server that is measured.
type server struct {
	name, store string                 // as the table calls them
	list        string                 // the path of the first page of posts
	post        func(id string) string // the path of one post
	wrapped     bool                   // the list is in items of an object
	process     *program.Process
	requests    []*request // the list, and one post
}

func (s *server) client() *program.Client { return &program.Client{URL: "http://" + s.process.Addr} }

// item is a post of a list, in the tutorial's form or in PocketBase's.
type item struct {
	ID             string `json:"_id"`
	RecordID       string `json:"id"`
	Title, Content string
	Author         json.RawMessage
	Expand         struct{ Author struct{ Username string } }
}

// posts returns what the server lists, in the tutorial's form.
func (s *server) posts(ctx context.Context) ([]item, error) {
	var object struct{ Items []item }
	var list any = &object.Items
	if s.wrapped {
		list = &object
	}
	if _, err := s.client().Call(ctx, http.MethodGet, s.list, nil, list); err != nil {
		return nil, err
	}
	for i, p := range object.Items {
		if s.wrapped {
			object.Items[i].ID = p.RecordID
			continue
		}
		if err := json.Unmarshal(p.Author, &object.Items[i].Expand.Author); err != nil {
			return nil, err
		}
	}
	return object.Items, nil
}
