package answer

import (
	"context"
	"net"
	"sync/atomic"
)

// ownMemory is how many bytes of each Use one connection may hold without being charged. So small requests work also
// when a budget is used up, and a client that multiplexes many of them does not.
const ownMemory = 64 << 10

// Use is what memory is used for.
type Use int

// The uses of memory.
const (
	Requests Use = iota
	Bodies
	Answers
)

// Budget bounds how many bytes all clients hold together for a Use, besides what every connection may hold. Clients
// that send or read slowly hold them for as long as the server's timeouts allow.
type Budget struct {
	use   Use
	limit int64
	used  atomic.Int64
}

// NewBudget returns a Budget of so many bytes.
func NewBudget(use Use, limit int64) *Budget { return &Budget{use: use, limit: limit} }

// take takes n bytes and returns true, or returns false if there are not so many left. If it must, it takes them
// anyway.
func (b *Budget) take(n int64, must bool) bool {
	if b.used.Add(n) > b.limit && n > 0 && !must {
		b.used.Add(-n)
		return false
	}
	return true
}

// ownMemories are what a connection holds uncharged, by their uses.
type ownMemories [Answers + 1]atomic.Int64

type ownKey struct{}

// PerConnection adds to the context of a connection what its requests share. It is for http.Server.ConnContext. Without
// it, each request counts as a connection of its own.
func PerConnection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, ownKey{}, new(ownMemories))
}

// Memory is what a request holds.
type Memory struct {
	budget  *Budget
	own     *atomic.Int64 // of the connection, uncharged
	size    int64         // bytes
	charged bool          // to the budget
}

// Memory returns memory of no size yet, for a request with this context.
func (b *Budget) Memory(ctx context.Context) Memory {
	own, ok := ctx.Value(ownKey{}).(*ownMemories)
	if !ok {
		own = new(ownMemories)
	}
	return Memory{budget: b, own: &own[b.use]}
}

// fits makes the memory n bytes large if they fit into what the connection may hold.
func (m *Memory) fits(n int64) bool {
	if m.charged {
		return false
	}
	if m.own.Add(n-m.size) > ownMemory {
		m.own.Add(m.size - n)
		return false
	}
	m.size = n
	return true
}

// Resize makes the memory n bytes large. It returns false, and changes nothing, if the budget lacks them.
func (m *Memory) Resize(n int) bool { return m.resize(int64(n), false) }

// resize is Resize. Bytes that are there already must be taken.
func (m *Memory) resize(n int64, must bool) bool {
	if n == m.size || m.fits(n) {
		return true
	}
	more := n
	if m.charged {
		more -= m.size
	}
	if !m.budget.take(more, must) {
		return false
	}
	if !m.charged {
		m.own.Add(-m.size)
	}
	m.size, m.charged = n, true
	return true
}

// moveTo charges the memory to another budget.
func (m *Memory) moveTo(b *Budget) {
	if m.charged {
		m.budget.take(-m.size, true)
		b.take(m.size, true)
	}
	m.budget = b
}

// Release gives everything back.
func (m *Memory) Release() {
	if m.charged {
		m.budget.take(-m.size, true)
	} else {
		m.own.Add(-m.size)
	}
	m.size, m.charged = 0, false
}
