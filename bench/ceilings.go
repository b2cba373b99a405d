package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/middleware"
	"gin-blog/models"
)

// ceilings are what no store could be faster than.
type ceilings struct {
	encoded *request // the list's handler on a page in memory
	ready   *request // the same bytes, ready-made, behind the same middleware
	insert  *request // one durable insert after another, without HTTP
	servers []*server
	conn    *sqlite.Conn
	dir     string
	row     models.Post
}

// inMemory is a store that holds one page.
type inMemory struct {
	models.Store
	page []models.Post
}

func (m inMemory) Posts(context.Context, models.PostFilter) ([]models.Post, bool, error) {
	return m.page, true, nil
}

func openCeilings(ctx context.Context, s *site) (*ceilings, error) {
	page, _, err := s.store.Posts(ctx, models.PostFilter{Limit: pageSize})
	if err != nil {
		return nil, err
	}
	c := &ceilings{row: page[0]}
	memory, err := serve(ctx, inMemory{s.store, page}, 4)
	if err != nil {
		return nil, err
	}
	_, body, err := memory.do(ctx, http.MethodGet, "/posts", "")
	if err != nil {
		return nil, err
	}
	handler, err := readyMade(body)
	if err != nil {
		return nil, err
	}
	bytes, err := listen(ctx, handler)
	if err != nil {
		return nil, err
	}
	c.servers = []*server{memory, bytes}
	c.encoded = memory.get("the same handler, the page in memory", "/posts", "")
	c.ready = bytes.get("the same bytes, ready-made", "/posts", "")
	c.insert = &request{name: "a bare durable insert"}
	return c, c.openTable()
}

// readyMade answers with bytes, behind the middleware of the API.
func readyMade(body []byte) (http.Handler, error) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	r := gin.New()
	r.Use(middleware.RequestID(), middleware.NoSniff(), middleware.AccessLog(log), middleware.DrainBody(), middleware.Recover(log),
		middleware.CORS([]string{"*"}), middleware.Revalidate(), middleware.LimitBody(1<<20))
	r.GET("/posts", func(c *gin.Context) {
		c.Header("Content-Length", strconv.Itoa(len(body)))
		c.Data(http.StatusOK, "application/json; charset=utf-8", body)
	})
	return middleware.Compress(r)
}

// openTable makes a table of its own for the bare insert.
func (c *ceilings) openTable() (err error) {
	if c.dir, err = os.MkdirTemp(".", ".bench-insert"); err != nil {
		return err
	}
	if c.conn, err = sqlite.OpenConn(filepath.Join(c.dir, "insert.db"), sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL); err != nil {
		return err
	}
	if err := sqlitex.ExecuteTransient(c.conn, `PRAGMA synchronous = FULL`, nil); err != nil {
		return err
	}
	return sqlitex.ExecuteTransient(c.conn, `CREATE TABLE posts (position INTEGER PRIMARY KEY, id BLOB, title TEXT, content TEXT, tags TEXT,
		author_id BLOB, version INTEGER, created_at INTEGER, updated_at INTEGER)`, nil)
}

func (c *ceilings) measure(ctx context.Context, length time.Duration) error {
	if err := errors.Join(c.encoded.measure(ctx, length), c.ready.measure(ctx, length)); err != nil {
		return err
	}
	rows := 0
	start := time.Now()
	for ; time.Since(start) < length; rows++ {
		id, now := models.NewID(), time.Now().UnixMilli()
		err := sqlitex.Execute(c.conn, `INSERT INTO posts VALUES (NULL, ?, ?, ?, 'go gin', ?, 0, ?, ?)`,
			&sqlitex.ExecOptions{Args: []any{id[:], c.row.Title, c.row.Content, c.row.AuthorID[:], now, now}})
		if err != nil {
			return err
		}
	}
	c.insert.rates = append(c.insert.rates, float64(rows)/time.Since(start).Seconds())
	return nil
}

func (c *ceilings) close() error {
	errs := []error{c.conn.Close(), os.RemoveAll(c.dir)}
	for _, s := range c.servers {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
