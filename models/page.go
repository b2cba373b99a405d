package models

// MaxPageBytes is how many bytes of titles and contents one page holds. A page of very long posts ends early, so
// that a few clients that read slowly cannot fill the memory.
const MaxPageBytes = 1 << 20

// Page collects the rows of one page, in the order in which the page is read.
type Page[T Record] struct {
	Rows []T
	More bool // whether there are rows beyond the page

	limit int // rows
	size  int // bytes so far
}

// NewPage returns an empty page for at most limit rows.
func NewPage[T Record](limit int) *Page[T] { return &Page[T]{Rows: make([]T, 0, limit), limit: limit} }

// Add appends a row. It returns false, and sets More, if the row belongs on the next page. The first row always fits.
func (p *Page[T]) Add(row T) bool {
	if len(p.Rows) > 0 && (len(p.Rows) >= p.limit || p.size+row.Size() > MaxPageBytes) {
		p.More = true
		return false
	}
	p.Rows, p.size = append(p.Rows, row), p.size+row.Size()
	return true
}
