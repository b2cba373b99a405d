package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

// The list of posts is in the order of their ids, but the search knows rows by 63-bit integers only. So a post's row is
// at the first 63 bits of its id, or, if a post with a smaller id is there, at a later position, which moved_posts
// holds. Positions sort as the ids do. An ID of NewID has a position of its own; see migrations/0006_copies.sql for ids
// that do not.

const (
	// positionOf is the position of a post. Its parameters are the id and position(id).
	positionOf = `COALESCE((SELECT moved_posts.position FROM moved_posts WHERE moved_posts.id = ?), ?)`

	// thisPost selects one post. Its parameters are the id, position(id) and the id.
	thisPost = `posts.position = ` + positionOf + ` AND posts.id = ?`

	// lastMovedBefore is the position of the last moved post before an id, or -1.
	lastMovedBefore = `COALESCE((SELECT position FROM moved_posts WHERE id < ?1 ORDER BY id DESC LIMIT 1), -1)`

	// isAlone is 1 if a post that was never moved can be inserted at its position, and no deleted post has left anything
	// there.
	isAlone = `SELECT NOT EXISTS (SELECT 1 FROM moved_posts WHERE id = ?1)
		AND ` + lastMovedBefore + ` < ?2
		AND NOT EXISTS (SELECT 1 FROM posts WHERE position = ?2)
		AND NOT EXISTS (SELECT 1 FROM comments WHERE post = ?2)`
)

// postKey are the parameters of thisPost.
func postKey(id models.ID) []any { return []any{id, position(id), id} }

// position returns the position of a post that was not moved: the first 63 bits of its id.
func position(id models.ID) int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 1) }

// lastIDAt returns the greatest ID that has a position.
func lastIDAt(position int64) models.ID {
	id := models.MaxID()
	binary.BigEndian.PutUint64(id[:8], uint64(position)<<1|1)
	return id
}

// keptFields are the columns of a post, but for its position.
func keptFields(p *models.KeptPost) []field {
	return append(own(postFields(&p.Post)), keyFields(&p.KeptKey)...)
}

var keptPosts = newTable(table[models.KeptPost]{
	name: "posts", fields: keptFields, from: `posts`, place: `position`, placeIs: `?`,
})

// insertKept stores a post under its id, whatever other ids there are. It returns models.ErrDuplicate if the id or the
// author's idempotency key is there already.
func insertKept(conn *sqlite.Conn, p *models.KeptPost) error {
	at := position(p.ID)
	alone, err := lookUp[int64](conn, isAlone, p.ID, at)
	if err != nil {
		return err
	}
	if alone != 0 { // the usual case
		return keptPosts.insert(conn, p, at)
	}
	if at, err = findPosition(conn, p.ID); err != nil {
		return err
	}
	if err := makeRoom(conn, at); err != nil {
		return err
	}
	return insertAt(conn, at, p)
}

// findPosition returns where a post belongs that is not stored yet. A post with a greater id may be there.
func findPosition(conn *sqlite.Conn, id models.ID) (int64, error) {
	stored, err := queryAll(conn, single[int64], `SELECT position FROM posts WHERE `+thisPost, postKey(id)...)
	if err != nil {
		return 0, err
	}
	if len(stored) > 0 {
		return 0, fmt.Errorf("%w: post %s", models.ErrDuplicate, id.Hex())
	}
	moved, err := lookUp[int64](conn, `SELECT `+lastMovedBefore, id)
	if err != nil {
		return 0, err
	}
	for at := max(position(id), moved+1); ; at++ {
		there, err := queryAll(conn, single[models.ID], `SELECT id FROM posts WHERE position = ?`, at)
		if err != nil {
			return 0, err
		}
		if len(there) == 0 || bytes.Compare(id[:], there[0][:]) < 0 {
			return at, nil
		}
	}
}

// makeRoom moves the post at a position to the next one, and the posts that follow it without a gap, with their
// comments.
func makeRoom(conn *sqlite.Conn, at int64) error {
	there, err := queryAll(conn, keptFields, keptPosts.where(`position = ?`), at)
	if err != nil {
		return err
	}
	if len(there) == 0 { // what a deleted post has left here goes, or the next post would inherit its comments
		return exec(conn, `DELETE FROM comments WHERE post = ?`, at)
	}
	if err := makeRoom(conn, at+1); err != nil {
		return err
	}
	if err := exec(conn, `DELETE FROM posts WHERE position = ?`, at); err != nil {
		return err
	}
	if err := insertAt(conn, at+1, &there[0]); err != nil {
		return err
	}
	return exec(conn, `UPDATE comments SET post = ? WHERE post = ?`, at+1, at)
}

// insertAt stores a post at a position.
func insertAt(conn *sqlite.Conn, at int64, p *models.KeptPost) error {
	err := exec(conn, `DELETE FROM moved_posts WHERE id = ?`, p.ID)
	if at != position(p.ID) {
		err = errors.Join(err, exec(conn, `INSERT INTO moved_posts (id, position) VALUES (?, ?)`, p.ID, at))
	}
	if err != nil {
		return err
	}
	return keptPosts.insert(conn, p, at)
}
