// Package mongodb keeps the blog in MongoDB, in the collections and fields of the tutorial's Express app.
package mongodb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gin-blog/models"
)

const (
	// patience is how long one call to the server may take, finding it included.
	patience = 2500 * time.Millisecond
	// buildPatience is how long the indexes may take to build, all together.
	buildPatience = time.Hour
	// prepareEvery is how long to wait between tries to reach a server that is away at the start.
	prepareEvery = time.Second
)

// Store is a models.Store on a MongoDB deployment, standalone, replica set or sharded.
type Store struct {
	client  *mongo.Client
	db      *mongo.Database
	log     *slog.Logger
	observe models.Observer
	pool    pool

	// prepared is nil until the indexes stand: before, two users could take one name.
	prepared atomic.Pointer[collections]
	// unprepared is why the last try to make them failed.
	unprepared atomic.Value
	stop       context.CancelFunc // ends the preparation
	done       sync.WaitGroup
}

var _ models.Store = (*Store)(nil)

// collections are the handles of a database whose indexes stand.
type collections struct {
	users, posts, sessions *mongo.Collection
	// nameCollation is how usernames compare: without regard to case, or nil for exactly, where the database
	// already holds names that differ only in case.
	nameCollation *options.Collation
	// emailCollation is the same for emails.
	emailCollation *options.Collation
	// hasText tells whether the posts have a text index.
	hasText bool
}

// Open connects to the deployment at uri and uses the database called name. It succeeds while the server is away:
// calls return models.ErrUnavailable until the server is there and the indexes stand. What the database lacks is
// logged once as a warning. An error means that uri is malformed.
// observe is told of each operation; it may be nil.
func Open(uri, name string, log *slog.Logger, observe models.Observer) (*Store, error) {
	journal := true
	registry, err := lenient()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{log: log, observe: observe, stop: stop}
	settings := options.Client().
		SetRegistry(registry).
		SetServerSelectionTimeout(patience).
		SetConnectTimeout(patience).
		SetTimeout(patience).
		SetAppName("gin-blog").
		SetMaxPoolSize(defaultMaxPool).
		ApplyURI(uri).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal}).
		SetPoolMonitor(s.pool.monitor())
	client, err := mongo.Connect(settings)
	if err != nil {
		stop()
		return nil, fmt.Errorf("connect to MongoDB: %w", err)
	}
	s.client, s.db = client, client.Database(name)
	s.pool.max = int(*settings.MaxPoolSize)
	tried := make(chan struct{})
	s.done.Go(func() { s.prepare(ctx, tried) })
	select {
	case <-tried:
	case <-time.After(patience): // an index on a large collection takes its time
	}
	return s, nil
}

// prepare makes the indexes and opens the store for use, trying again until that works or ctx ends.
// It closes tried after the first try.
func (s *Store) prepare(ctx context.Context, tried chan<- struct{}) {
	ticker := time.NewTicker(prepareEvery)
	defer ticker.Stop()
	for first := true; ; first = false {
		ready := s.tryToPrepare(ctx, first)
		if first {
			close(tried)
		}
		if ready {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tryToPrepare tells whether the indexes stand. It logs the first failure, and the success that ends a row of them.
func (s *Store) tryToPrepare(ctx context.Context, first bool) (ready bool) {
	c, err := s.ensureIndexes(ctx)
	if err != nil {
		s.unprepared.Store(err.Error())
		if first && ctx.Err() == nil {
			s.log.Warn("MongoDB is not ready, trying again until it is: does MONGO_URI name it?", "cause", err)
		}
		return false
	}
	s.prepared.Store(c)
	if !first {
		s.log.Info("MongoDB is ready")
	}
	return true
}

// collections returns the handles, or models.ErrUnavailable until the indexes stand.
func (s *Store) collections() (*collections, error) {
	c := s.prepared.Load()
	if c == nil {
		why, _ := s.unprepared.Load().(string)
		return nil, fmt.Errorf("prepare MongoDB: %w: %s", models.ErrUnavailable, why)
	}
	return c, nil
}

// Ping asks the primary for a sign of life.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.collections(); err != nil {
		return err
	}
	return wrap("ping", s.client.Ping(ctx, nil))
}

// Close ends the preparation, if it still runs, and disconnects.
func (s *Store) Close(ctx context.Context) error {
	s.stop()
	s.done.Wait()
	err := s.client.Disconnect(ctx)
	if errors.Is(err, mongo.ErrClientDisconnected) { // closed before
		return nil
	}
	return wrap("disconnect", err)
}

// wrap says what was being done and marks the errors that a later try may not meet.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if unavailable(err) {
		return fmt.Errorf("%s: %w: %w", doing, models.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func unavailable(err error) bool {
	if mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	// A primary that is no more, or not yet: NotWritablePrimary, InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk,
	// NotPrimaryOrSecondary, InterruptedAtShutdown, ShutdownInProgress, PrimarySteppedDown.
	leaving := []int{10107, 11602, 13435, 13436, 11600, 91, 189}
	for _, code := range mongo.ErrorCodes(err) {
		if slices.Contains(leaving, code) {
			return true
		}
	}
	var noConnection interface{ Retryable() bool } // another call's connection broke, which cleared the driver's pool
	if errors.As(err, &noConnection) && noConnection.Retryable() {
		return true
	}
	var labeled mongo.LabeledError // a primary that stepped down, a write that no majority took
	return errors.As(err, &labeled) && (labeled.HasErrorLabel("RetryableWriteError") || labeled.HasErrorLabel("RetryableError"))
}

// olderThan selects the documents of a page that starts behind an id; the zero id starts with the newest.
func olderThan(after models.ID) bson.D {
	if after.IsZero() {
		return bson.D{}
	}
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}}}
}

// newestFirst is the order and the size of a page, fetched in one round trip.
func newestFirst(limit int) *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(int64(limit)).SetBatchSize(int32(limit))
}

// atVersion selects a version by a counter that documents of another make lack, where it is 0.
func atVersion(field string, version int64) bson.E {
	if version == 0 {
		return bson.E{Key: field, Value: bson.D{{Key: "$in", Value: bson.A{0, nil}}}}
	}
	return bson.E{Key: field, Value: version}
}

// onlyID is the projection to the id.
func onlyID() bson.D { return bson.D{{Key: "_id", Value: 1}} }

// isString selects the values that are strings.
func isString() bson.D { return bson.D{{Key: "$type", Value: "string"}} }

// byID selects one document.
func byID(id models.ID) bson.D { return bson.D{{Key: "_id", Value: id}} }
