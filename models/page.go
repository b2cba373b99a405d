package models

// MaxPageBytes is how many bytes of titles and contents one page holds. A page of very long posts ends early, so
// that a few clients that read slowly cannot fill the memory.
const MaxPageBytes = 1 << 20

// Page collects the rows of one page of posts, in the order in which the page is read.
type Page[T any] struct {
	Rows []T
	More bool // whether there are posts beyond the page

	limit int // rows
	size  int // bytes so far
}

// NewPage returns an empty page for at most limit rows.
func NewPage[T any](limit int) *Page[T] { return &Page[T]{Rows: make([]T, 0, limit), limit: limit} }

// Reserve returns true if the page takes one more post, with size bytes of title and content; the caller then
// appends it to Rows. It returns false, and sets More, if the post belongs on the next page. The first post always
// fits.
func (p *Page[T]) Reserve(size int) bool {
	if len(p.Rows) > 0 && (len(p.Rows) >= p.limit || p.size+size > MaxPageBytes) {
		p.More = true
		return false
	}
	p.size += size
	return true
}
