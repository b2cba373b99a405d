package mongodb

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gin-blog/models"
)

// connectError replaces an error of mongo.Connect, which may quote any part of the URI, unless it names the host alone.
func connectError(err error) error {
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		return lookup
	}
	return errors.New("the driver refuses the URI, or what the DNS says of its host")
}

// hasName returns whether the URI has a name by which the DNS knows the hosts and some of the options.
func (s *Store) hasName() bool { return strings.HasPrefix(s.uri, "mongodb+srv://") }

// connect sets client and db. It returns when ctx ends, even while the driver waits for the DNS.
func (s *Store) connect(ctx context.Context) error {
	var settings *options.ClientOptions
	var client *mongo.Client
	connected := make(chan error, 1)
	go func() {
		var err error
		settings = s.settings()
		client, err = mongo.Connect(settings)
		connected <- err
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-connected:
		if err != nil {
			return connectError(err)
		}
	}
	s.client, s.db = client, client.Database(s.name)
	s.readPreference = cmp.Or(settings.ReadPreference, readpref.Primary())
	s.pool.max.Store(int64(*settings.MaxPoolSize))
	return nil
}

// settings returns the settings of the client. If the URI has a name, it is looked up for them.
func (s *Store) settings() *options.ClientOptions {
	return options.Client().
		SetServerSelectionTimeout(models.CallTimeout).
		SetConnectTimeout(models.CallTimeout).
		SetTimeout(s.timeout()).
		SetAppName("gin-blog").
		SetMaxPoolSize(defaultMaxPool).
		ApplyURI(s.uri).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: new(true)}).
		SetPoolMonitor(s.pool.monitor()).
		SetMonitor(sentMonitor())
}

// defaultMaxPool is how many connections to each server there may be, if the URI has no maxPoolSize.
const defaultMaxPool = 100

// pool counts the connections to all servers.
type pool struct {
	open, inUse, max atomic.Int64
}

// monitor receives the events of the driver.
func (p *pool) monitor() *event.PoolMonitor {
	return &event.PoolMonitor{Event: func(e *event.PoolEvent) {
		switch e.Type {
		case event.ConnectionCreated:
			p.open.Add(1)
		case event.ConnectionClosed:
			p.open.Add(-1)
		case event.ConnectionCheckedOut:
			p.inUse.Add(1)
		case event.ConnectionCheckedIn:
			p.inUse.Add(-1)
		}
	}}
}

// Pool counts the connections for calls. The driver uses others to watch the servers.
func (s *Store) Pool() models.PoolStats {
	inUse := s.pool.inUse.Load()
	return models.PoolStats{InUse: int(inUse), Idle: int(max(0, s.pool.open.Load()-inUse)), Max: int(s.pool.max.Load())}
}

// copyTimeout is how long an operation of a copy may take. Nobody waits for it, and a slow server may read a whole
// collection for it.
const copyTimeout = time.Minute

// timeout returns how long an operation may take.
func (s *Store) timeout() time.Duration {
	if s.use == models.ToCopyFrom || s.use == models.ToCopyTo {
		return copyTimeout
	}
	return models.CallTimeout
}

// tryToPrepare returns the collections once they are ready for the use. Those of a database that is served lack their
// indexes.
func (s *Store) tryToPrepare(ctx context.Context) (*collections, error) {
	if s.client != nil && s.hasName() {
		// The driver takes an answer of the DNS without hosts or options for the whole one, so the name is looked up anew.
		_ = s.client.Disconnect(ctx)
		s.client = nil
	}
	if s.client == nil {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
	}
	if s.use == models.ToCopyTo { // all indexes, or nothing
		x := newIndexer(s)
		c, err := x.run(ctx)
		return c, cmp.Or(err, x.broken)
	}
	c := s.newCollections()
	source, err := findCopySource(ctx, c)
	return c, cmp.Or(err, models.CheckWhole(source))
}
