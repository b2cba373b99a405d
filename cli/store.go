package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"gin-blog/config"
	"gin-blog/models"
	"gin-blog/models/mongodb"
	"gin-blog/models/sqlite"
)

// store is what both stores can do.
type store interface {
	models.Store
	models.Pooled
	Start(ctx context.Context) error
}

// place is where a store is: an SQLite file, or a database of MongoDB.
type place struct {
	file  string           // "" for MongoDB
	mongo *config.MongoURI // nil for SQLite
}

// placeOf returns the place that the settings name.
func placeOf(c *config.Config) place {
	if c.Mongo != nil {
		return place{mongo: c.Mongo}
	}
	return place{file: filepath.Join(c.DataDir, "gin-blog.db")}
}

// String says where the store is, for people.
func (p place) String() string {
	if p.mongo != nil {
		return "MongoDB database " + p.mongo.Database + " at " + p.mongo.Hosts
	}
	return "SQLite file " + p.file
}

// label returns the name of the store in the metrics.
func (p place) label() string {
	if p.mongo != nil {
		return "mongodb"
	}
	return "sqlite"
}

// newStore returns the store for a use: every call is refused until Start, which alone changes what is stored.
func (p place) newStore(ctx context.Context, use models.Use, log *slog.Logger, observe models.Observer) (store, error) {
	if p.mongo != nil {
		return mongodb.New(p.mongo.URI, p.mongo.Database, use, log, observe)
	}
	return sqlite.New(ctx, p.file, use, log, observe)
}

// requireFile returns an error unless the SQLite file exists, for commands that make no new one.
func (p place) requireFile() error {
	if p.mongo != nil {
		return nil
	}
	_, err := os.Stat(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s: run gin-blog once, which makes it, or set DATA_DIR to the folder of one",
			p.file)
	}
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	return nil
}

// newDatabaseWarnings returns a warning if a command is about to make a new SQLite file where another one seems to be
// missing.
func newDatabaseWarnings(c *config.Config) []string {
	file := placeOf(c).file
	if file == "" || !c.KeepsSecrets() {
		return nil
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return []string{file + " was missing beside the secrets of a blog, so a new blog begins there: " +
		"is DATA_DIR right, and is its volume mounted?"}
}

// withStore runs a command on the store that the settings name, which must exist, and closes the store.
func (c call) withStore(ctx context.Context, run func(settings *config.Config, s store) error) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	if err := placeOf(settings).requireFile(); err != nil {
		return err
	}
	return placeOf(settings).open(ctx, models.ToRun, func(s store) error { return run(settings, s) })
}

// open starts the store for a command, runs that, and closes the store.
func (p place) open(ctx context.Context, use models.Use, run func(s store) error) (err error) {
	s, err := p.newStore(ctx, use, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	if err := s.Start(ctx); err != nil {
		return err
	}
	return run(s)
}

// nameUser says which user was not found where, if that is the error.
func nameUser(err error, username string, c *config.Config) error {
	if errors.Is(err, models.ErrUserNotFound) {
		return fmt.Errorf("no user is called %s in the %s", username, placeOf(c))
	}
	return err
}
