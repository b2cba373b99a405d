package routes

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"gin-blog/models"
)

const (
	defaultPageSize = 20
	maxPageSize     = 100
	maxQuery        = 4 << 10 // bytes
)

// page is the part of a list that a client asks for.
type page struct {
	limit int
	after models.ID // the zero ID starts with the newest
}

// parsePage reads the query of a list. Every parameter may occur once.
func parsePage(rawQuery string) (page, error) {
	p := page{limit: defaultPageSize}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return p, badRequest("The query is not URL-encoded")
	}
	if len(rawQuery) > maxQuery {
		return p, badRequest(fmt.Sprintf("The query must have at most %d bytes", maxQuery))
	}
	var wrong []models.FieldError
	refuse := func(name, message string) { wrong = append(wrong, models.FieldError{Field: name, Message: message}) }
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		if len(values) > 1 {
			refuse(name, "occurs twice")
			continue
		}
		switch value := values[0]; name {
		case "limit":
			p.limit, err = strconv.Atoi(value)
			if err != nil || p.limit < 1 || p.limit > maxPageSize || strconv.Itoa(p.limit) != value {
				refuse(name, fmt.Sprintf("must be 1 to %d", maxPageSize))
			}
		case "after":
			p.after, err = models.ParseID(value)
			if err != nil || p.after.IsZero() {
				refuse(name, "must be the _id of the last one of the page before")
			}
		default:
			refuse(name, "is not a known parameter")
		}
	}
	if wrong != nil {
		return p, &models.ValidationError{Fields: wrong}
	}
	return p, nil
}

// next is the Link header (RFC 8288) to the page behind last. It is relative, so that it is right behind any proxy that
// keeps the path.
func (p page) next(path string, last models.ID) string {
	query := url.Values{"limit": {strconv.Itoa(p.limit)}, "after": {last.Hex()}}
	return fmt.Sprintf(`<%s?%s>; rel="next"`, path, query.Encode())
}
