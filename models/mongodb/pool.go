package mongodb

import (
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/event"

	"gin-blog/models"
)

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
