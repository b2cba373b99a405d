package routes

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	limit         int
	after, before models.ID  // where the page begins, or ends; at most one of them is not the zero ID
	values        url.Values // all parameters but these, as they were sent
	bothWays      bool       // whether before is known
}

// parseQuery reads the query of a list. It refuses parameters that are not in known, and those that occur twice.
func parseQuery(rawQuery string, known ...string) (query, error) {
	q := query{limit: defaultPageSize, values: url.Values{}, bothWays: slices.Contains(known, "before")}
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
	if !q.after.IsZero() && !q.before.IsZero() {
		wrong = append(wrong, models.FieldError{Field: "before", Message: "does not go together with after"})
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
	switch name {
	case "after":
		return setID(&q.after, value, "must be the _id of the last one of the page before")
	case "before":
		return setID(&q.before, value, "must be the _id of the first one of the page after")
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
	case "suspended", "purge":
		if value != "true" && value != "false" {
			return "must be true or false"
		}
	case "view":
		if value != "summary" && value != "html" {
			return "must be summary or html"
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

// setID reads an id. It returns message if that is none.
func setID(id *models.ID, value, message string) string {
	parsed, err := models.ParseID(value)
	if err != nil || parsed.IsZero() {
		return message
	}
	*id = parsed
	return ""
}

// links returns the Link header (RFC 8288) of a page of a list. more tells whether there are further records in the
// direction of the query. Before a page that begins after a record there is that one, unless it was deleted: to ask the
// store would cost as much as the page. The addresses are relative, so right behind any proxy that keeps the path.
func links[T models.Record](q query, path string, page []T, more, withFirst bool) string {
	var links []string
	add := func(rel, parameter string, id models.ID) {
		parameters := maps.Clone(q.values)
		if !id.IsZero() {
			parameters.Set(parameter, id.Hex())
		}
		target := url.URL{Path: path, RawQuery: parameters.Encode()}
		links = append(links, fmt.Sprintf(`<%s>; rel="%s"`, target.String(), rel))
	}
	newest, oldest := models.ID{len(models.ID{}) - 1: 1}, models.ID{} // an empty page is beside the last, or the first one
	if len(page) > 0 {
		newest, oldest = page[0].RecordID(), page[len(page)-1].RecordID()
	}
	if withFirst {
		add("first", "", models.ID{})
	}
	if q.bothWays && (!q.after.IsZero() || !q.before.IsZero() && more) {
		add("prev", "before", newest)
	}
	if !q.before.IsZero() || more {
		add("next", "after", oldest)
	}
	return strings.Join(links, ", ")
}
