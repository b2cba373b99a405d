package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gin-blog/config"
	"gin-blog/models"
	"gin-blog/models/mongodb"
	"gin-blog/models/sqlite"
)

// address names a store on the command line.
type address struct {
	path     string // of an SQLite file, or "" for MongoDB
	mongo    *config.MongoURI
	database string // in MongoDB
}

// copyStore is a store that a copy reads or writes.
type copyStore interface {
	models.Bulk
	Close(ctx context.Context) error
}

// parseAddress reads sqlite:FILE, or the address of a MongoDB database, as MONGO_URI has it.
func parseAddress(s string) (address, error) {
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok && path != "" {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return address{}, fmt.Errorf("%s: %w", s, err)
		}
		if target, err := filepath.EvalSymlinks(absolute); err == nil {
			absolute = target
		}
		return address{path: absolute}, nil
	}
	if !strings.HasPrefix(s, "mongodb://") && !strings.HasPrefix(s, "mongodb+srv://") {
		return address{}, usageError("a store is named sqlite:FILE or mongodb://HOST/DATABASE")
	}
	mongo, err := config.ParseMongoURI(s)
	if err != nil {
		return address{}, fmt.Errorf("the address of MongoDB is malformed: it %w", err)
	}
	database, err := mongo.DatabaseName()
	if err != nil {
		return address{}, fmt.Errorf("the address of MongoDB is malformed: it %w", err)
	}
	return address{mongo: mongo, database: database}, nil
}

// String returns the address without user, password and options.
func (a address) String() string {
	if a.path != "" {
		return "sqlite:" + a.path
	}
	return a.mongo.Scheme + a.mongo.Hosts + "/" + a.database
}

// howToEmpty says how to remove what a copy has left.
func (a address) howToEmpty() string {
	if a.path != "" {
		return fmt.Sprintf("Delete the files %[1]s, %[1]s-wal and %[1]s-shm.", a.path)
	}
	return "Drop the collections users, sessions, posts, comments, drafts and copySource of the database " +
		a.database + "."
}

// openSource opens the store to read from it.
func (a address) openSource(ctx context.Context) (copyStore, error) {
	if a.path != "" {
		return sqlite.OpenSource(ctx, a.path)
	}
	return mongodb.OpenSource(a.mongo.URI, a.database)
}

// openTarget opens the store to copy to it.
func (a address) openTarget(ctx context.Context) (copyStore, error) {
	if a.path != "" {
		return sqlite.OpenTarget(ctx, a.path, nil)
	}
	return mongodb.OpenTarget(a.mongo.URI, a.database)
}
