package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/internal/testkit"
	"gin-blog/middleware"
	"gin-blog/models"
	"gin-blog/tools/internal/load"
)

// ceilings are rates that the API could not exceed with any store.
type ceilings struct {
	encoded *load.Request // the list's handler, on a page in memory
	insert  *load.Request // one durable insert after another, without HTTP

	memoryAPI *server
	conn      *sqlite.Conn // what insert writes to
	connDir   string
	post      models.Post // what insert writes
}

// inMemory is a store whose list is always the same page.
type inMemory struct {
	models.Store
	page []models.Post
}

func (m inMemory) Posts(context.Context, models.PostFilter) ([]models.Post, bool, error) {
	return m.page, true, nil
}

// openCeilings starts the server and opens the database that the ceilings need. The page and the post are the newest
// of the site; the database is a new file in dir.
func openCeilings(ctx context.Context, dir string, s *site) (*ceilings, error) {
	page, _, err := s.readStore.Posts(ctx, models.PostFilter{Limit: pageSize})
	if err != nil {
		return nil, err
	}
	memory, err := serve(ctx, inMemory{s.readStore, page}, cheapCost)
	if err != nil {
		return nil, err
	}
	c := &ceilings{
		encoded:   memory.get("the same handler, the page in memory", "/posts", ""),
		insert:    &load.Request{Name: "a bare durable insert"},
		memoryAPI: memory,
		post:      page[0],
	}
	return c, c.openTable(dir)
}

// readyMade returns a handler that sends finished answers, by path and query, behind the middleware of the API.
func readyMade(answers map[string]*testkit.Response) http.Handler {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	r := gin.New()
	r.Use(middleware.RequestID(), middleware.NoSniff(), middleware.AccessLog(log),
		middleware.Answer(), middleware.Recover(log), middleware.CORS([]string{"*"}), middleware.Revalidate(),
		middleware.LimitBody(1<<20))
	bodies, headers := map[string]*middleware.Body{}, map[string]http.Header{}
	for path, answer := range answers {
		bodies[path] = middleware.NewBody([]byte(answer.Body))
		headers[path] = answer.Header.Clone()
		for _, name := range []string{"Content-Length", "Date", "Vary", "X-Request-Id"} { // are set for each request
			headers[path].Del(name)
		}
	}
	r.GET("/*path", func(c *gin.Context) {
		path := c.Request.RequestURI
		maps.Copy(c.Writer.Header(), headers[path])
		middleware.SetBody(c, http.StatusOK, headers[path].Get("Content-Type"), bodies[path])
	})
	return r
}

// openTable makes the table of the bare insert, in a new file in dir.
func (c *ceilings) openTable(dir string) (err error) {
	if c.connDir, err = os.MkdirTemp(dir, "insert"); err != nil {
		return err
	}
	path := filepath.Join(c.connDir, "insert.db")
	if c.conn, err = sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL); err != nil {
		return err
	}
	if err := sqlitex.ExecuteTransient(c.conn, `PRAGMA synchronous = FULL`, nil); err != nil {
		return err
	}
	return sqlitex.ExecuteTransient(c.conn, `CREATE TABLE posts (position INTEGER PRIMARY KEY, id BLOB, title TEXT,
		content TEXT, tags TEXT, author_id BLOB, created_at INTEGER, updated_at INTEGER)`, nil)
}

// measureInsert inserts rows for the given time.
func (c *ceilings) measureInsert(length time.Duration) error {
	rows := 0
	start := time.Now()
	for ; time.Since(start) < length; rows++ {
		id, now := models.NewID(), time.Now().UnixMilli()
		err := sqlitex.Execute(c.conn, `INSERT INTO posts VALUES (NULL, ?, ?, ?, 'go gin', ?, ?, ?)`,
			&sqlitex.ExecOptions{Args: []any{id[:], c.post.Title, c.post.Content, c.post.AuthorID[:], now, now}})
		if err != nil {
			return fmt.Errorf("insert a row: %w", err)
		}
	}
	c.insert.Samples = append(c.insert.Samples, load.Sample{Length: time.Since(start), Answered: rows})
	return nil
}

func (c *ceilings) close() error {
	return errors.Join(c.memoryAPI.close(), c.conn.Close(), os.RemoveAll(c.connDir))
}
