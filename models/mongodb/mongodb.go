// Package mongodb keeps the blog in MongoDB, in the collections and fields of the tutorial's Express app.
package mongodb

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"golang.org/x/sync/semaphore"

	"gin-blog/models"
)

const (
	// maxPages and maxSearches are how many pages of posts are read at a time, without and with words. They bound the
	// memory for the documents, of which a page has some MiB.
	maxPages, maxSearches = 32, 16
	// retryInterval is how long to wait between two tries to reach a server that is away at the start.
	retryInterval = time.Second
	// defaultIndexRetry is how long to wait before the second try to make indexes. Building one costs the server a lot.
	defaultIndexRetry = time.Minute
)

// Store is a models.Store on a MongoDB deployment: standalone, replica set or sharded.
type Store struct {
	uri, name string // of the deployment and of the database
	// client and db are nil while the name in uri is not looked up. Operations wait for ready.
	client  *mongo.Client
	db      *mongo.Database
	log     *slog.Logger
	observe models.Observer
	pool    pool
	// pages and searches have an element for each page that is being read.
	pages, searches *semaphore.Weighted
	// turns has the turns for ids, by their hash. Changes of a document take turns, and so do the comments on a post.
	turns [1024]*semaphore.Weighted
	seed  maphash.Seed
	// readPreference says which servers may answer reads of posts.
	readPreference *readpref.ReadPref
	versions       versions

	derivations []*derivation
	// hasTerms is true once all posts have search terms, but for those that other programs have stored since.
	hasTerms atomic.Bool

	// use says what the store is opened for.
	use models.Use
	// ready is nil until the server answers and the indexes exist, or take long: then their promises come later.
	ready atomic.Pointer[collections]
	// indexRetry is how long to wait before the second try to make indexes.
	indexRetry time.Duration
	// notReady says why the last try to reach the server failed.
	notReady atomic.Value
	stop     context.CancelFunc // ends the preparation
	running  sync.WaitGroup     // of the goroutine that prepares
}

var (
	_ models.Store     = (*Store)(nil)
	_ models.Versioned = (*Store)(nil)
)

// collections are the handles of a database whose indexes exist.
type collections struct {
	// All but the last two are on the primary, whose answers are never stale.
	users, posts, comments, drafts, sessions, accessTokens, invitations, adminLog *mongo.Collection
	// copySource says whether the database is an unfinished copy. It also has the document that tellsTime writes.
	copySource *mongo.Collection
	// deletedPosts and deletedUsers have the notes of deletions of which something is still to be removed.
	deletedPosts, deletedUsers *mongo.Collection
	// readPosts and readComments are for reads that may be stale, if MONGO_URI has a readPreference.
	readPosts, readComments *mongo.Collection
	// refusals are the answers to calls that need a field of users, or the keys in a collection, to be unique, where no
	// unique index keeps them so.
	refusals map[string]error
	// tellsTime is true if the server tells the time of the last write, and answers all reads with the data of that time.
	tellsTime bool
}

// primary returns the handle of a collection whose answers are never stale.
func (s *Store) primary(name string) *mongo.Collection {
	return s.db.Collection(name, options.Collection().SetReadPreference(readpref.Primary()))
}

// newCollections returns the handles, with no features and no promises yet.
func (s *Store) newCollections() *collections {
	return &collections{
		users: s.primary("users"), posts: s.primary("posts"), comments: s.primary("comments"), drafts: s.primary("drafts"),
		deletedPosts: s.primary("deletedPosts"), deletedUsers: s.primary("deletedUsers"),
		sessions: s.primary("sessions"), accessTokens: s.primary("accessTokens"), invitations: s.primary("invitations"),
		adminLog: s.primary("adminLog"), copySource: s.primary("copySource"),
		readPosts: s.db.Collection("posts"), readComments: s.db.Collection("comments"),
		refusals: map[string]error{
			"username": models.ErrNamesNotUnique, "email": models.ErrEmailsNotUnique,
			"posts": models.ErrKeysNotUnique, "comments": models.ErrKeysNotUnique,
		},
	}
}

// New returns a store that uses the database called name of the deployment at uri. Calls return models.ErrUnavailable
// until Start, while the server is away, or the name in a mongodb+srv URI cannot be looked up, and while the database
// is an unfinished copy. The store makes its indexes after Start, but none to be copied from. It logs a warning for
// each feature that the server lacks, and for each promise that the database cannot give; then what needs it is
// refused. It returns an error only if uri is malformed. observe receives each operation; it may be nil.
func New(uri, name string, use models.Use, log *slog.Logger, observe models.Observer) (*Store, error) {
	s := &Store{
		uri: uri, name: name, use: use, log: log, observe: observe, stop: func() {}, indexRetry: defaultIndexRetry,
		seed: maphash.MakeSeed(), derivations: newDerivations(),
		pages: semaphore.NewWeighted(maxPages), searches: semaphore.NewWeighted(maxSearches),
	}
	for i := range s.turns {
		s.turns[i] = semaphore.NewWeighted(1)
	}
	s.pool.max.Store(defaultMaxPool)
	if !s.hasName() {
		if err := s.connect(context.Background()); err != nil {
			return nil, fmt.Errorf("connect to MongoDB: %w", err)
		}
	}
	return s, nil
}

// Start begins to prepare the database, and returns nil when that is done, or has taken a while: it goes on until it is
// done or the store is closed.
func (s *Store) Start(ctx context.Context) error {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	tried := make(chan struct{})
	s.running.Go(func() { s.prepare(ctx, tried) })
	select {
	case <-tried:
	case <-time.After(s.timeout()): // a server that is away, or an index on a large collection
	}
	return nil
}

// prepare makes the store ready, and then the indexes. It tries again until that works or ctx ends, and closes tried
// after the first try.
func (s *Store) prepare(ctx context.Context, tried chan<- struct{}) {
	done := sync.OnceFunc(func() { close(tried) })
	defer done()
	ticker := time.NewTicker(retryInterval)
	defer ticker.Stop()
	for first := true; ; first = false {
		c, err := s.tryToPrepare(ctx)
		if err == nil {
			if !first {
				s.log.Info("MongoDB is ready")
			}
			if s.use == models.ToServe || s.use == models.ToRun {
				s.makeIndexes(ctx, c, done)
			}
			s.ready.CompareAndSwap(nil, c)
			return
		}
		s.notReady.Store(err.Error())
		if first && ctx.Err() == nil {
			s.log.Warn("MongoDB is not ready, and requests get 503 until it is. Is MONGO_URI right?", "cause", err)
		}
		done()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Ping returns nil if the primary answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.run(ctx, "ping", func(ctx context.Context, _ *collections) error { return s.client.Ping(ctx, nil) })
}

// Close stops the preparation, if it still runs, waits for running operations and closes the connections.
func (s *Store) Close(ctx context.Context) error {
	s.stop()
	s.running.Wait()
	if s.client == nil {
		return nil
	}
	err := s.client.Disconnect(ctx)
	if err != nil && !errors.Is(err, mongo.ErrClientDisconnected) { // that one says that it was closed before
		return fmt.Errorf("disconnect from MongoDB: %w", err)
	}
	return nil
}
