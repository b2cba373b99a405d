package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// field is a field of a record, and the column that keeps it. Each type of record has one list of fields, from which
// come the statements that select, insert and change a row, and the way in which a row is read.
type field struct {
	column string
	value  any // points to the field
	use    use
}

// use says what may happen to a field.
type use int

const (
	fixed   use = iota
	changes     // an update may set it
	joined      // it is only read; the column has the name of its table
)

// What a field points to if it is stored in another form than its type says.
type (
	optionalText string    // "" is NULL
	optionalTime time.Time // the zero time is NULL
	// author is the public name of a user. It is read only: nil where the user is gone. The id is read before it.
	author struct {
		author **models.Author
		id     *models.ID
	}
)

// textFields are the columns of a text, in posts and drafts.
func textFields(t *models.Text) []field {
	return []field{
		{"title", &t.Title, changes},
		{"content", &t.Content, changes},
		{"tags", &t.Tags, changes},
	}
}

// columns returns the columns of fields for a query, those of a table with its name.
func columns(table string, fields []field) string {
	return each(fields, func(f field) string {
		if f.use == joined {
			return f.column
		}
		return table + `.` + f.column
	})
}

// each returns a list with a text for each field.
func each(fields []field, text func(f field) string) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = text(f)
	}
	return strings.Join(texts, `, `)
}

// values returns what fields have, as it is stored.
func values(fields []field) []any {
	all := make([]any, len(fields), len(fields)+3) // with room for a key
	for i, f := range fields {
		all[i] = stored(f.value)
	}
	return all
}

// changing returns the fields that an update may set.
func changing(fields []field) []field {
	return slices.DeleteFunc(fields, func(f field) bool { return f.use != changes })
}

// own returns the fields that are stored in the table of the record.
func own(fields []field) []field {
	return slices.DeleteFunc(fields, func(f field) bool { return f.use == joined })
}

// checkTags returns an error if another program gave a text tags that would not come back as they are: they are stored
// with spaces in between, and the triggers that index them make a JSON array of them.
func checkTags(tags []string) error {
	breaksJSON := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }
	for _, tag := range tags {
		if fields := strings.Fields(tag); len(fields) != 1 || fields[0] != tag || strings.ContainsFunc(tag, breaksJSON) {
			return fmt.Errorf("SQLite cannot keep the tag %q: rename the tag", tag)
		}
	}
	return nil
}

// stored returns what a field points to as SQLite keeps it: times as milliseconds since 1970, tags with spaces in
// between.
func stored(value any) any {
	switch v := value.(type) {
	case *models.ID:
		return *v
	case *int64:
		return *v
	case *string:
		return *v
	case *optionalText:
		if *v == "" {
			return nil
		}
		return string(*v)
	case *time.Time:
		return v.UnixMilli()
	case *optionalTime:
		if time.Time(*v).IsZero() {
			return nil
		}
		return time.Time(*v).UnixMilli()
	case *[]string:
		return strings.Join(*v, " ")
	case *[]byte:
		if *v == nil {
			return nil
		}
		return *v
	}
	panic(fmt.Sprintf("sqlite: no column keeps a %T", value))
}

// bind sets the parameters of a statement. sqlitex.Execute would do it by reflection, which shows in the rate of
// the list.
func bind(stmt *sqlite.Stmt, args []any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil:
			stmt.BindNull(i + 1)
		case models.ID:
			stmt.BindBytes(i+1, arg[:])
		case []byte:
			stmt.BindBytes(i+1, arg)
		case int:
			stmt.BindInt64(i+1, int64(arg))
		case int64:
			stmt.BindInt64(i+1, arg)
		case string:
			stmt.BindText(i+1, arg)
		case time.Time:
			stmt.BindInt64(i+1, arg.UnixMilli())
		default:
			panic(fmt.Sprintf("sqlite: no parameter is a %T", arg))
		}
	}
}

// scan reads a row into fields, which are in the order of its columns.
func scan(row *sqlite.Stmt, fields []field) {
	for i, f := range fields {
		switch v := f.value.(type) {
		case *models.ID:
			row.ColumnBytes(i, v[:])
		case *int:
			*v = row.ColumnInt(i)
		case *int64:
			*v = row.ColumnInt64(i)
		case *string:
			*v = row.ColumnText(i)
		case *optionalText:
			*v = optionalText(row.ColumnText(i))
		case *time.Time:
			*v = time.UnixMilli(row.ColumnInt64(i)).UTC()
		case *optionalTime:
			*v = optionalTime{}
			if !row.ColumnIsNull(i) {
				*v = optionalTime(time.UnixMilli(row.ColumnInt64(i)).UTC())
			}
		case *[]string:
			*v = strings.Fields(row.ColumnText(i))
		case *[]byte:
			*v = nil
			if !row.ColumnIsNull(i) {
				*v = make([]byte, row.ColumnLen(i))
				row.ColumnBytes(i, *v)
			}
		case author:
			*v.author = nil
			if !row.ColumnIsNull(i) {
				username, name, _ := strings.Cut(row.ColumnText(i), "\n")
				*v.author = &models.Author{ID: *v.id, Username: username, Name: name}
			}
		default:
			panic(fmt.Sprintf("sqlite: no column fills a %T", v))
		}
	}
}
