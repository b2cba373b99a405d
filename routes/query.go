package routes

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"gin-blog/models"
)

const (
	defaultPageSize = 20
	maxPageSize     = 100
	maxQuery        = 4 << 10 // bytes
	maxSearch       = 100     // characters
)

// query is what a client asks of a list.
type query struct {
	limit  int
	after  models.ID         // the zero ID starts with the newest
	values map[string]string // as sent, all parameters but after
}

// parseQuery reads the query of a list that takes certain parameters. Every one may occur once.
func parseQuery(rawQuery string, known ...string) (query, error) {
	q := query{limit: defaultPageSize, values: map[string]string{}}
	if len(rawQuery) > maxQuery {
		return q, badRequest(fmt.Sprintf("The query must have at most %d bytes", maxQuery))
	}
	parameters, err := url.ParseQuery(rawQuery)
	if err != nil {
		return q, badRequest("The query is not URL-encoded")
	}
	var wrong []models.FieldError
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		message := ""
		switch values := parameters[name]; {
		case !slices.Contains(known, name):
			message = "is not a known parameter"
		case len(values) > 1:
			message = "occurs twice"
		default:
			message = q.take(name, values[0])
		}
		if message != "" {
			wrong = append(wrong, models.FieldError{Field: name, Message: message})
		}
	}
	if wrong != nil {
		return q, &models.ValidationError{Fields: wrong}
	}
	return q, nil
}

// take checks and keeps one parameter. It returns what is wrong with it, or "".
func (q *query) take(name, value string) string {
	if !utf8.ValidString(value) {
		return "must be UTF-8"
	}
	if name == "after" {
		id, err := models.ParseID(value)
		if err != nil || id.IsZero() {
			return "must be the _id of the last one of the page before"
		}
		q.after = id
		return ""
	}
	q.values[name] = value
	switch name {
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxPageSize || strconv.Itoa(n) != value {
			return fmt.Sprintf("must be 1 to %d", maxPageSize)
		}
		q.limit = n
	case "author":
		if value == "" {
			return "must be an id or a username"
		}
	case "tag":
		if !models.IsTag(value) {
			return "must be 1 to 32 of the characters a-z 0-9 -"
		}
	case "q":
		if n := utf8.RuneCountInString(value); n < 1 || n > maxSearch {
			return fmt.Sprintf("must have 1 to %d characters", maxSearch)
		}
	}
	return ""
}

// link is an entry of the Link header (RFC 8288) to the page behind an id, the first page for the zero ID. It is relative,
// so that it is right behind any proxy that keeps the path.
func (q query) link(path, rel string, after models.ID) string {
	parameters := url.Values{}
	for name, value := range q.values {
		parameters.Set(name, value)
	}
	if !after.IsZero() {
		parameters.Set("after", after.Hex())
	}
	target := url.URL{Path: path, RawQuery: parameters.Encode()}
	return fmt.Sprintf(`<%s>; rel="%s"`, target.String(), rel)
}
