package mongodb

import (
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/event"

	"gin-blog/models"
)

// defaultMaxPool is how many connections there may be to each server, where the URI does not say maxPoolSize.
const defaultMaxPool = 100

// pool counts the connections of all servers together.
type pool struct {
	open, inUse atomic.Int64
	max         int
}

// monitor is what the driver tells of each connection.
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

// Pool counts the connections that calls use; the driver has some of its own, to watch the servers.
func (s *Store) Pool() models.PoolStats {
	inUse := s.pool.inUse.Load()
	return models.PoolStats{InUse: int(inUse), Idle: int(max(0, s.pool.open.Load()-inUse)), Max: s.pool.max}
}
