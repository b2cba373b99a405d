package middleware

import (
	"context"
	"net"
	"sync/atomic"
)

const (
	// largeBody is how many bytes of requests, of bodies and of answers one connection may hold without being charged. So
	// small requests work also when a budget is used up, and a client that multiplexes many of them does not.
	largeBody = 64 << 10
	// requestOverhead is about how many bytes a request takes besides its body and its answer.
	requestOverhead = 32 << 10
)

// budget bounds how many bytes the bodies of all clients hold together. Clients that send or read slowly hold them for
// as long as the server's timeouts allow.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take takes n bytes and returns true, or returns false if there are not so many left. If it must, it takes them
// anyway.
func (b *budget) take(n int64, must bool) bool {
	if b.used.Add(n) > b.limit && n > 0 && !must {
		b.used.Add(-n)
		return false
	}
	return true
}

// allowance is how many bytes the requests of one connection hold without being charged to a budget.
type allowance struct{ requests, bodies, answers atomic.Int64 }

type allowanceKey struct{}

// PerConnection adds to the context of a connection what its requests share. It is for http.Server.ConnContext. Without
// it, each request counts as a connection of its own.
func PerConnection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, allowanceKey{}, new(allowance))
}

// allowanceOf returns the allowance of a request's connection.
func allowanceOf(ctx context.Context) *allowance {
	if own, ok := ctx.Value(allowanceKey{}).(*allowance); ok {
		return own
	}
	return new(allowance)
}

// hold is the memory that a request holds.
type hold struct {
	budget  *budget
	own     *atomic.Int64 // of the connection's allowance
	size    int64         // bytes
	charged bool          // to the budget, not to the allowance
}

// fits makes the hold n bytes large if it fits into the allowance of the connection.
func (h *hold) fits(n int64) bool {
	if h.charged {
		return false
	}
	if h.own.Add(n-h.size) > largeBody {
		h.own.Add(h.size - n)
		return false
	}
	h.size = n
	return true
}

// resize makes the hold n bytes large. It returns false, and changes nothing, if the budget lacks them. Bytes that are
// there already must be taken.
func (h *hold) resize(n int64, must bool) bool {
	if n == h.size || h.fits(n) {
		return true
	}
	more := n
	if h.charged {
		more -= h.size
	}
	if !h.budget.take(more, must) {
		return false
	}
	if !h.charged {
		h.own.Add(-h.size)
	}
	h.size, h.charged = n, true
	return true
}

// moveTo charges the hold to another budget.
func (h *hold) moveTo(b *budget) {
	if h.charged {
		h.budget.take(-h.size, true)
		b.take(h.size, true)
	}
	h.budget = b
}

// release gives everything back.
func (h *hold) release() {
	if h.charged {
		h.budget.used.Add(-h.size)
	} else {
		h.own.Add(-h.size)
	}
	h.size, h.charged = 0, false
}
