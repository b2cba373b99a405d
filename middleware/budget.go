package middleware

import "sync/atomic"

// largeBody is the size, in bytes, from which on a body, of a request or of an answer, counts against a budget. So
// small requests work also when a budget is used up.
const largeBody = 64 << 10

// counted returns how many bytes of a budget a body takes: its size if it is large, and otherwise 0.
func counted(size int) int64 {
	if size < largeBody {
		return 0
	}
	return int64(size)
}

// budget bounds how many bytes large bodies hold together. Clients that send or read slowly hold them for as long as
// the server's timeouts allow.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take takes n bytes and returns true, or returns false if there are not so many left.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

// overdraw takes n bytes, also if there are not so many left.
func (b *budget) overdraw(n int64) { b.used.Add(n) }

// release gives n bytes back.
func (b *budget) release(n int64) { b.used.Add(-n) }
