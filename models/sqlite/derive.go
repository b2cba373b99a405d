package sqlite

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// deriveStep is how many posts one batch has at most. That takes some 100 milliseconds, in which other writes wait.
const deriveStep = 500

// Derive implements models.Store. It replaces the terms of posts that an older gin-blog indexed.
func (s *Store) Derive(ctx context.Context) (more bool, err error) {
	err = s.write(ctx, "derive", func(conn *sqlite.Conn) error {
		more = false
		first, size := int64(0), 0
		err := eachRow(conn, `SELECT position, octet_length(content) FROM posts
			WHERE position <= (SELECT last FROM former_terms) ORDER BY position DESC LIMIT ?`, []any{deriveStep},
			func(row *sqlite.Stmt) bool {
				more, first, size = true, row.ColumnInt64(0), size+row.ColumnInt(1)
				return size < models.MaxPageBytes
			})
		if err != nil {
			return err
		}
		if !more {
			return exec(conn, `DELETE FROM former_terms`)
		}
		err = exec(conn, `UPDATE posts_search
			SET words = (SELECT fold_words(title, content) FROM posts WHERE position = posts_search.rowid)
			WHERE rowid >= ? AND rowid <= (SELECT last FROM former_terms)`, first)
		if err != nil {
			return err
		}
		return exec(conn, `UPDATE former_terms SET last = ?`, first-1)
	})
	return more && err == nil, err
}

// formerTerms returns the terms, sorted, that an older gin-blog gave a post: runs of letters, digits, marks and "_", by
// Unicode's simple case folding.
func formerTerms(text string) []string {
	return slices.Sorted(strings.FieldsFuncSeq(strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '_' {
			return ' '
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text), unicode.IsSpace))
}
