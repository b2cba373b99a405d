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

// openStore opens the store that the settings name. It refuses an SQLite file of another version.
func openStore(ctx context.Context, c *config.Config) (models.Store, error) {
	if c.MongoURI == "" {
		return sqlite.Open(ctx, databasePath(c), nil)
	}
	store, err := mongodb.Open(c.MongoURI, c.MongoDB, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, fmt.Errorf("MONGO_URI: %w", err)
	}
	return store, nil
}

// servedStore is a store of which every call is refused until Start, which alone changes what is stored.
type servedStore interface {
	models.Store
	Start(ctx context.Context) error
}

// newServedStore returns the store that the settings name. It changes nothing, and refuses what cannot be served.
func newServedStore(
	ctx context.Context, c *config.Config, log *slog.Logger, observe models.Observer,
) (servedStore, error) {
	if c.MongoURI == "" {
		return sqlite.New(ctx, databasePath(c), log, observe)
	}
	store, err := mongodb.New(c.MongoURI, c.MongoDB, log, observe)
	if err != nil {
		return nil, fmt.Errorf("MONGO_URI: %w", err)
	}
	return store, nil
}

// newDatabaseWarning returns a warning if a command is about to make a new SQLite file where another one seems to be
// missing, or "".
func newDatabaseWarning(c *config.Config) string {
	if c.MongoURI != "" || !c.KeepsSecrets() {
		return ""
	}
	path := databasePath(c)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return fmt.Sprintf("%s was missing beside the secrets of a blog, so a new blog begins there: "+
		"is DATA_DIR right, and is its volume mounted?", path)
}

// requireFile returns an error unless the SQLite file exists, for commands that make no new one.
func requireFile(c *config.Config) error {
	path := databasePath(c)
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s: set DATA_DIR to the folder of one", path)
	}
	if err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	return nil
}

// withExistingStore is withStore for commands that make no new SQLite file.
func withExistingStore(ctx context.Context, c *config.Config, run func(store models.Store) error) error {
	if c.MongoURI == "" {
		if err := requireFile(c); err != nil {
			return err
		}
	}
	return withStore(ctx, c, run)
}

// withStore runs a command on the store that the settings name, and closes the store.
func withStore(ctx context.Context, c *config.Config, run func(store models.Store) error) (err error) {
	store, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()
	return run(store)
}

// describeStore says where the data is, for people.
func describeStore(c *config.Config) string {
	if c.MongoURI != "" {
		return "MongoDB database " + c.MongoDB + " at " + c.MongoHosts
	}
	return "SQLite file " + databasePath(c)
}

// storeLabel returns the name of the store in the metrics.
func storeLabel(c *config.Config) string {
	if c.MongoURI != "" {
		return "mongodb"
	}
	return "sqlite"
}

// databasePath returns the path of the SQLite file.
func databasePath(c *config.Config) string { return filepath.Join(c.DataDir, "gin-blog.db") }
