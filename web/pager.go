package web

import (
	"maps"
	"net/url"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/urls"
	"gin-blog/models"
)

// window selects the part of a list that a page shows: what comes after a record, or right before one. The zero window
// begins with the first record.
type window struct{ after, before models.ID }

// windowOf reads the parameters "after" and "before". The parameter "comment" stands for a window that begins with it.
func windowOf(c *gin.Context) (w window, err error) {
	for _, name := range []string{"after", "before", "comment"} {
		text := c.Query(name)
		if text == "" {
			continue
		}
		id, err := models.ParseID(text)
		switch {
		case err != nil:
			return w, err
		case id.IsZero():
		case name == "after":
			w.after = id
		case name == "before":
			w.before = id
		default:
			w.after = models.PreviousID(id)
		}
	}
	return w, nil
}

// pager has the addresses of the pages beside one, "" for none.
type pager struct{ Previous, Next string }

// pagerOf returns the pager of a page that has the records of a window. more tells whether there are further ones in
// the direction of the window. path and query are the address of the whole list.
func pagerOf[T models.Record](w window, records []T, more bool, path string, query url.Values) (p pager) {
	if len(records) == 0 {
		if w != (window{}) {
			p.Previous = urls.WithQuery(path, query)
		}
		return p
	}
	at := func(name string, record T) string {
		query := maps.Clone(query)
		query.Set(name, record.RecordID().Hex())
		return urls.WithQuery(path, query)
	}
	if !w.after.IsZero() || !w.before.IsZero() && more {
		p.Previous = at("before", records[0])
	}
	if !w.before.IsZero() || more {
		p.Next = at("after", records[len(records)-1])
	}
	return p
}
