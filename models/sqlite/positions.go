package sqlite

import (
	"bytes"
	"encoding/binary"
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

	selectMovedBefore = `SELECT position FROM moved_posts WHERE id < ? ORDER BY id DESC LIMIT 1`

	// isAlone is 1 if a post that was never moved can be inserted at its position, and no deleted post has left anything
	// there.
	isAlone = `SELECT NOT EXISTS (SELECT 1 FROM moved_posts WHERE id = ?)
		AND COALESCE((` + selectMovedBefore + `), -1) < ?
		AND NOT EXISTS (SELECT 1 FROM posts WHERE position = ?)
		AND NOT EXISTS (SELECT 1 FROM comments WHERE post = ?)`

	setMoved = `INSERT INTO moved_posts (id, position) VALUES (?, ?)
		ON CONFLICT (id) DO UPDATE SET position = excluded.position`
)

// position returns the position of a post that was not moved: the first 63 bits of its id.
func position(id models.ID) int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 1) }

// lastIDAt returns the greatest ID that has a position.
func lastIDAt(position int64) models.ID {
	id := models.MaxID()
	binary.BigEndian.PutUint64(id[:8], uint64(position)<<1|1)
	return id
}

// insertKept stores a post under its id, whatever other ids there are. It returns models.ErrDuplicate if the id or the
// author's idempotency key is there already.
func insertKept(conn *sqlite.Conn, p *models.KeptPost) error {
	if err := checkTags(p.ID, p.Title, p.Tags); err != nil {
		return err
	}
	at := position(p.ID)
	alone, err := queryAll(conn, scanInt, isAlone, p.ID[:], p.ID[:], at, at, at)
	if err != nil {
		return err
	}
	if alone[0] != 0 { // the usual case
		return insertRow(conn, at, p)
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
	stored, err := queryAll(conn, scanID, `SELECT id FROM posts WHERE `+thisPost, id[:], position(id), id[:])
	if err != nil {
		return 0, err
	}
	if len(stored) > 0 {
		return 0, fmt.Errorf("%w: post %s", models.ErrDuplicate, id.Hex())
	}
	at := position(id)
	moved, err := queryAll(conn, scanInt, selectMovedBefore, id[:])
	if err != nil {
		return 0, err
	}
	if len(moved) > 0 {
		at = max(at, moved[0]+1)
	}
	for ; ; at++ {
		there, err := queryAll(conn, scanID, `SELECT id FROM posts WHERE position = ?`, at)
		if err != nil {
			return 0, err
		}
		if len(there) == 0 || bytes.Compare(id[:], there[0][:]) < 0 {
			return at, nil
		}
	}
}

// makeRoom moves the post at a position to the next one, and the posts that follow it without a gap.
func makeRoom(conn *sqlite.Conn, at int64) error {
	free := at
	for ; ; free++ {
		there, err := queryAll(conn, scanID, `SELECT id FROM posts WHERE position = ?`, free)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			break
		}
	}
	if err := forgetComments(conn, free); err != nil {
		return err
	}
	for ; free > at; free-- {
		if err := moveUp(conn, free-1); err != nil {
			return err
		}
	}
	return nil
}

// moveUp moves the post at a position to the next one, which is free, with its comments.
func moveUp(conn *sqlite.Conn, from int64) error {
	const selectKept = `SELECT ` + keptColumns + ` FROM posts WHERE position = ?`
	p, err := queryOne(conn, models.ErrPostNotFound, scanKept, selectKept, from)
	if err != nil {
		return err
	}
	if err := exec(conn, `DELETE FROM posts WHERE position = ?`, from); err != nil {
		return err
	}
	if err := insertAt(conn, from+1, p); err != nil {
		return err
	}
	return exec(conn, `UPDATE comments SET post = ? WHERE post = ?`, from+1, from)
}

// forgetComments removes what a deleted post has left at its position, so that the next post there does not inherit
// its comments.
func forgetComments(conn *sqlite.Conn, at int64) error {
	return exec(conn, `DELETE FROM comments WHERE post = ?`, at)
}

// insertAt stores a post at a position.
func insertAt(conn *sqlite.Conn, at int64, p *models.KeptPost) error {
	var err error
	if at == position(p.ID) {
		err = exec(conn, `DELETE FROM moved_posts WHERE id = ?`, p.ID[:])
	} else {
		err = exec(conn, setMoved, p.ID[:], at)
	}
	if err != nil {
		return err
	}
	return insertRow(conn, at, p)
}

// insertRow stores a post at a position that is its own, or that moved_posts has.
func insertRow(conn *sqlite.Conn, at int64, p *models.KeptPost) error {
	key, hash := keptKeyColumns(p.KeptKey)
	return exec(conn, `INSERT INTO posts (position, `+keptColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, at, p.ID[:],
		p.Title, p.Content, joinTags(p.Tags), p.AuthorID[:], p.CreatedAt.UnixMilli(), p.UpdatedAt.UnixMilli(), key, hash)
}

// scanInt reads a number.
func scanInt(row *sqlite.Stmt) int64 { return row.ColumnInt64(0) }

// scanID reads an id.
func scanID(row *sqlite.Stmt) models.ID { return columnID(row, "id") }
