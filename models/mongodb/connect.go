package mongodb

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gin-blog/models"
)

var errURIRefused = errors.New("the driver refuses the URI, or what the DNS says of its host")

// connectError replaces an error of mongo.Connect, which may quote any part of the URI, unless it names the host alone.
func connectError(err error) error {
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		return lookup
	}
	return errURIRefused
}

// hasName returns whether the URI has a name by which the DNS knows the hosts and some of the options.
func (s *Store) hasName() bool { return strings.HasPrefix(s.uri, "mongodb+srv://") }

// connection is what mongo.Connect returns for its settings.
type connection struct {
	client   *mongo.Client
	settings *options.ClientOptions
	err      error
}

// connect sets client and db. It returns when ctx ends, even while the driver waits for the DNS.
func (s *Store) connect(ctx context.Context) error {
	connected := make(chan connection, 1)
	go func() {
		settings := s.settings()
		client, err := mongo.Connect(settings)
		connected <- connection{client, settings, err}
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case c := <-connected:
		if c.err != nil {
			return connectError(c.err)
		}
		s.client, s.db = c.client, c.client.Database(s.name)
		s.readPreference = cmp.Or(c.settings.ReadPreference, readpref.Primary())
		s.pool.max.Store(int64(*c.settings.MaxPoolSize))
		return nil
	}
}

// settings returns the settings of the client. If the URI has a name, it is looked up for them.
func (s *Store) settings() *options.ClientOptions {
	journal := true
	return options.Client().
		SetServerSelectionTimeout(models.CallTimeout).
		SetConnectTimeout(models.CallTimeout).
		SetTimeout(s.use.timeout()).
		SetAppName("gin-blog").
		SetMaxPoolSize(defaultMaxPool).
		ApplyURI(s.uri).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal}).
		SetPoolMonitor(s.pool.monitor()).
		SetMonitor(sentMonitor())
}

// reconnect connects if there is no client yet. While the store is not ready, it also looks a name up anew: the driver
// takes an answer without hosts or options for the whole one.
func (s *Store) reconnect(ctx context.Context) error {
	if s.client != nil && !s.hasName() {
		return nil
	}
	if s.client != nil {
		_ = s.client.Disconnect(ctx) // nobody uses it yet
	}
	return s.connect(ctx)
}
