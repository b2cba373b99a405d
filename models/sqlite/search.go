package sqlite

import (
	"strings"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// addSearchFunctions makes fold_words known to a connection. The triggers on posts call it, and so do migrations. A
// connection that only reads does without it.
func addSearchFunctions(conn *sqlite.Conn) error {
	return conn.CreateFunction("fold_words", &sqlite.FunctionImpl{
		NArgs:         2,
		Deterministic: true,
		AllowIndirect: true, // the triggers may call it
		Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
			return sqlite.TextValue(models.FoldWords(args[0].Text(), args[1].Text())), nil
		},
	})
}

// matchAll returns the FTS5 query for all words. A quoted string is never an operator.
func matchAll(words models.Words) string {
	return `"` + strings.Join(words.Folded(), `" AND "`) + `"`
}
