package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gin-blog/models"
	"gin-blog/models/mongodb"
	"gin-blog/models/sqlite"
	"gin-blog/seed"
	"gin-blog/tools/internal/program"
)

const (
	// databaseName is the database on the MongoDB server that gin-blog and the Express app share.
	databaseName = "blog"
	// scannedPosts is how many posts SecantusDB holds. It reads all of them for each list, so with more of them it
	// would be too slow to keep the servers before it busy.
	scannedPosts = 100
)

// site is everything that runs.
type site struct {
	options   options
	installed *installation
	dir       string // of the data
	mongoURI  string
	processes []*exec.Cmd
}

// startMongoDB starts the MongoDB server.
func (s *site) startMongoDB(ctx context.Context) error {
	addr, port, err := freeAddress()
	if err != nil {
		return err
	}
	command := []string{s.installed.mongo, port, filepath.Join(s.dir, "mongodb")}
	if _, err := s.start(ctx, addr, s.options.loadCPU, os.Environ(), command); err != nil {
		return fmt.Errorf("start the MongoDB server: %w", err)
	}
	s.mongoURI = "mongodb://" + addr
	return nil
}

// fill stores the same posts in the SQLite file of gin-blog, in PocketBase, and in the MongoDB database, where
// SecantusDB gets only the newest of them. It returns the posts, the newest first.
func (s *site) fill(ctx context.Context) ([]models.Post, error) {
	if err := os.Mkdir(s.sqliteDir(), 0o700); err != nil {
		return nil, err
	}
	file, err := sqlite.Open(ctx, filepath.Join(s.sqliteDir(), "gin-blog.db"), nil)
	if err != nil {
		return nil, err
	}
	var posts []models.Post
	plan := seed.Plan{Users: s.options.users, Posts: s.options.posts, Random: 1, PasswordHash: "none"}
	if err = seed.Fill(ctx, file, plan, func(int) {}); err == nil {
		posts, err = readPosts(ctx, file)
	}
	if err := errors.Join(err, file.Close(ctx)); err != nil {
		return nil, fmt.Errorf("fill the SQLite file: %w", err)
	}
	database, err := mongodb.Open(s.mongoURI, databaseName, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(copyPosts(ctx, posts[:s.mongoPosts()], database), database.Close(ctx)); err != nil {
		return nil, fmt.Errorf("fill the MongoDB database: %w", err)
	}
	if err := s.fillPocketBase(ctx, posts); err != nil {
		return nil, fmt.Errorf("fill PocketBase: %w", err)
	}
	return posts, nil
}

// mongoPosts returns how many posts the MongoDB database holds.
func (s *site) mongoPosts() int {
	if strings.HasPrefix(s.installed.mongoName, "SecantusDB") {
		return min(scannedPosts, s.options.posts)
	}
	return s.options.posts
}

// copyPosts stores posts and their authors, with the same ids.
func copyPosts(ctx context.Context, posts []models.Post, store models.Store) error {
	var authors []models.User
	known := map[models.ID]bool{}
	for _, p := range posts {
		if !known[p.AuthorID] {
			known[p.AuthorID] = true
			authors = append(authors, models.User{ID: p.AuthorID, Username: p.Author.Username, Role: models.RoleUser,
				PasswordHash: "none", CreatedAt: p.CreatedAt})
		}
	}
	if err := store.CreateUsers(ctx, authors); err != nil {
		return err
	}
	const batch = 250
	for some := range slices.Chunk(posts, batch) {
		if err := store.CreatePosts(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// readPosts returns all posts of a store, the newest first.
func readPosts(ctx context.Context, store models.Store) ([]models.Post, error) {
	var all []models.Post
	filter := models.PostFilter{Limit: 100}
	for more := true; more; {
		page, next, err := store.Posts(ctx, filter)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		more, filter.After = next, page[len(page)-1].ID
	}
	return all, nil
}

// fillPocketBase gives the posts to the command fill of pocketbase/, the oldest first.
func (s *site) fillPocketBase(ctx context.Context, posts []models.Post) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, p := range slices.Backward(posts) {
		err := encoder.Encode(map[string]any{
			"title": p.Title, "content": p.Content, "tags": p.Tags, "author": p.Author.Username,
		})
		if err != nil {
			return err
		}
	}
	fill := exec.CommandContext(ctx, s.installed.pocketBase, "fill", "--dir", s.pocketBaseDir())
	fill.Stdin = &lines
	if output, err := fill.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

func (s *site) sqliteDir() string     { return filepath.Join(s.dir, "gin-blog") }
func (s *site) pocketBaseDir() string { return filepath.Join(s.dir, "pocketbase") }

// peers returns the servers to measure. None of them logs requests.
func (s *site) peers() []*peer {
	in := s.installed
	ginBlog := peer{
		name: "gin-blog", store: fmt.Sprintf("SQLite, %d posts", s.options.posts),
		command:  []string{in.ginBlog},
		env:      []string{"LOG_LEVEL=error", "DATA_DIR=" + s.sqliteDir()},
		listPath: "/posts",
		postPath: func(id string) string { return "/posts/" + id },
		decode:   decodeArray,
	}
	onMongoDB := ginBlog
	onMongoDB.store = fmt.Sprintf("%s, %d posts", in.mongoName, s.mongoPosts())
	onMongoDB.env = []string{"LOG_LEVEL=error", "DATA_DIR=" + filepath.Join(s.dir, "secrets"),
		"MONGO_URI=" + s.mongoURI, "MONGO_DB=" + databaseName}

	express := onMongoDB
	express.name = fmt.Sprintf("Express %s, Mongoose %s", in.expressVersion, in.mongooseVersion)
	express.command = []string{"node", in.express}
	express.env = []string{"NODE_ENV=production", "SECRET_KEY=" + strings.Repeat("s", 32),
		"MONGO_URI=" + s.mongoURI + "/" + databaseName}

	const records = "/api/collections/posts/records"
	pocketBase := peer{
		name: "PocketBase " + in.pocketBaseVersion, store: ginBlog.store,
		command:     []string{in.pocketBase, "serve", "--dev=false", "--dir", s.pocketBaseDir()},
		addressFlag: "--http",
		// To sort by rowid, and not to count the posts, is what is fastest for it.
		listPath: fmt.Sprintf("%s?perPage=%d&sort=-@rowid&expand=author&skipTotal=1", records, pageSize),
		postPath: func(id string) string { return records + "/" + id + "?expand=author" },
		decode:   decodeRecords,
	}
	express.ginBlog, onMongoDB.ginBlog = &onMongoDB, &onMongoDB
	pocketBase.ginBlog, ginBlog.ginBlog = &ginBlog, &ginBlog
	return []*peer{&express, &onMongoDB, &pocketBase, &ginBlog}
}

// startPeers starts the servers to measure.
func (s *site) startPeers(ctx context.Context) ([]*peer, error) {
	peers := s.peers()
	for _, p := range peers {
		addr, port, err := freeAddress()
		if err != nil {
			return nil, err
		}
		p.addr = addr
		if p.addressFlag != "" {
			p.command = append(p.command, p.addressFlag, addr)
		}
		if p.pid, err = s.start(ctx, addr, s.options.serverCPU, append(p.env, "PORT="+port), p.command); err != nil {
			return nil, fmt.Errorf("start %s: %w", p.name, err)
		}
	}
	return peers, nil
}

// start starts a server that is bound to a processor, waits until it listens on addr, and returns its process id. The
// server ends with ctx, or with stop.
func (s *site) start(ctx context.Context, addr, cpu string, env, command []string) (pid int, err error) {
	log, err := os.Create(filepath.Join(s.dir, filepath.Base(command[0])+"-"+strconv.Itoa(len(s.processes))+".log"))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	// taskset becomes the server, so both have the same process id.
	process := exec.CommandContext(ctx, "taskset", append([]string{"--cpu-list", cpu}, command...)...)
	process.Dir, process.Env, process.Stdout, process.Stderr = s.dir, append(env, "PATH="+os.Getenv("PATH")), log, log
	if err := process.Start(); err != nil {
		return 0, err
	}
	s.processes = append(s.processes, process)
	if err := program.AwaitListener(ctx, addr); err != nil {
		output, _ := os.ReadFile(log.Name())
		return 0, fmt.Errorf("%w: %s", err, output)
	}
	return process.Process.Pid, nil
}

// stop ends all servers.
func (s *site) stop() {
	for _, process := range s.processes {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
}

// freeAddress returns an address of this machine on which nobody listens, and its port.
func freeAddress() (addr, port string, err error) {
	number, err := program.FreePort()
	port = strconv.Itoa(number)
	return "127.0.0.1:" + port, port, err
}
