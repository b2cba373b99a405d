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
	maxQueryBytes   = 4 << 10
	maxAuthorLength = 100 // characters; a link with this and the longest search stays below maxQueryBytes
)

// query is the query of a list.
type query struct {
	limit  int
	after  models.ID  // the zero ID starts with the newest
	values url.Values // all parameters but after, as they were sent
}

// parseQuery reads the query of a list. It refuses parameters that are not in known, and those that occur twice.
func parseQuery(rawQuery string, known ...string) (query, error) {
	q := query{limit: defaultPageSize, values: url.Values{}}
	if len(rawQuery) > maxQueryBytes {
		return q, models.Refuse(models.Invalid, nil, "The query must have at most %d bytes", maxQueryBytes)
	}
	parameters, err := url.ParseQuery(rawQuery)
	if err != nil {
		return q, models.Refuse(models.Invalid, err, "The query is not URL-encoded")
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
			message = q.set(name, values[0])
		}
		if message != "" {
			unknown := !slices.Contains(known, name)
			wrong = append(wrong, models.FieldError{Field: name, Message: message, Unknown: unknown})
		}
	}
	if wrong != nil {
		return q, models.RefuseFields(nil, wrong...)
	}
	return q, nil
}

// set checks a parameter and keeps it. It returns what is wrong with it, or "".
func (q *query) set(name, value string) (message string) {
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
	q.values.Set(name, value)
	switch name {
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxPageSize || strconv.Itoa(n) != value {
			return fmt.Sprintf("must be 1 to %d", maxPageSize)
		}
		q.limit = n
	case "author":
		if n := utf8.RuneCountInString(value); n < 1 || n > maxAuthorLength {
			return fmt.Sprintf("must be an id or a username, of 1 to %d characters", maxAuthorLength)
		}
	case "post":
		if _, err := models.ParseID(value); err != nil {
			return "must be the _id of a post"
		}
	case "tag":
		return models.Tag(models.FoldTag(value))
	case "q":
		if n := utf8.RuneCountInString(value); n < 1 || n > models.MaxSearchLength {
			return fmt.Sprintf("must have 1 to %d characters", models.MaxSearchLength)
		}
	}
	return ""
}

// link returns an entry of the Link header (RFC 8288) for the page after an id, or for the first page where that is
// the zero ID. The address is relative, so it is right behind any proxy that keeps the path.
func (q query) link(path, rel string, after models.ID) string {
	parameters := maps.Clone(q.values)
	if !after.IsZero() {
		parameters.Set("after", after.Hex())
	}
	target := url.URL{Path: path, RawQuery: parameters.Encode()}
	return fmt.Sprintf(`<%s>; rel="%s"`, target.String(), rel)
}
