// Package testkit is what tests share: stores, free ports, requests to a server.
package testkit

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
	"gin-blog/models/mongodb"
	"gin-blog/models/sqlite"
)

// The tests run in a time zone of their own, so that they notice a time that is not in UTC.
func init() { time.Local = time.FixedZone("test", 13*60*60) }

// Each runs a test on an empty store of every kind.
func Each(t *testing.T, test func(t *testing.T, store models.Store)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, MongoDB(t)) })
}

// SQLite returns an empty store in a file that is removed after the test.
func SQLite(t testing.TB) models.Store {
	t.Helper()
	return ObservedSQLite(t, nil)
}

// ObservedSQLite is SQLite with an observer.
func ObservedSQLite(t testing.TB, observe models.Observer) models.Store {
	t.Helper()
	return OpenSQLite(t, filepath.Join(t.TempDir(), "test.db"), observe)
}

// OpenSQLite returns a store in a file that may already have contents. observe may be nil.
func OpenSQLite(t testing.TB, path string, observe models.Observer) models.Store {
	t.Helper()
	store, err := sqlite.New(t.Context(), path, models.ToRun, slog.New(slog.DiscardHandler), observe)
	if err == nil {
		err = store.Start(t.Context())
	}
	if err != nil {
		t.Fatalf("open SQLite store: %v", err)
	}
	closeAfter(t, store)
	return store
}

// MongoDB returns an empty store on the test server, in a database of its own. Without a server it skips the test.
func MongoDB(t testing.TB) models.Store {
	t.Helper()
	return OpenMongoDB(t, Database(t), nil)
}

// OpenMongoDB returns a store on a database that may already have contents. observe may be nil.
func OpenMongoDB(t testing.TB, db *mongo.Database, observe models.Observer) models.Store {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	store, err := mongodb.New(MongoURI(t), db.Name(), models.ToServe, log, observe)
	if err == nil {
		err = store.Start(t.Context())
	}
	if err != nil {
		t.Fatalf("open MongoDB store: %v", err)
	}
	closeAfter(t, store)
	// A slow server may be ready only after Start has returned.
	for deadline := time.Now().Add(30 * time.Second); store.Ping(t.Context()) != nil && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	return store
}

// Database returns an empty database of the test server, dropped after the test. Without a server it skips the test.
func Database(t testing.TB) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(MongoURI(t)).SetTimeout(30 * time.Second))
	if err != nil {
		t.Fatalf("connect to MONGO_TEST_URI: %v", err)
	}
	db := client.Database("test_" + models.NewID().Hex())
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := db.Drop(ctx); err != nil {
			t.Errorf("drop %s: %v", db.Name(), err)
		}
		if err := client.Disconnect(ctx); err != nil {
			t.Errorf("disconnect: %v", err)
		}
	})
	return db
}

// MongoURI returns the address of the test server. Without a server it skips the test.
func MongoURI(t testing.TB) string {
	t.Helper()
	uri := os.Getenv("MONGO_TEST_URI")
	if uri == "" {
		Skip(t, "MONGO_TEST_URI is not set: make test starts a server and sets it")
	}
	return uri
}

func closeAfter(t testing.TB, store models.Store) {
	t.Cleanup(func() {
		if err := store.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
}
