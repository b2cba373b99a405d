package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	userColumns = `users.id, users.username, users.email, users.name, users.bio, users.role, users.password_hash, users.created_at`

	insertUser = `INSERT INTO users (id, username, email, name, bio, role, password_hash, created_at)
		VALUES (?, ?, NULLIF(?, ''), ?, ?, ?, ?, ?)`

	// createAttempts bounds how often a name may be freed between the insert it blocked and the question whose it is.
	createAttempts = 3
)

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	var err error
	for range createAttempts {
		err = s.write(ctx, "create user", func(conn *sqlite.Conn) error {
			return sqlitex.Execute(conn, insertUser, &sqlitex.ExecOptions{Args: []any{
				u.ID[:], u.Username, u.Email, u.Name, u.Bio, string(u.Role), u.PasswordHash, u.CreatedAt.UnixMilli(),
			}})
		})
		if !isDuplicate(err) {
			return err
		}
		if taken := s.whichIsTaken(ctx, u); taken != nil {
			return fmt.Errorf("create user: %w", taken)
		}
	}
	return err
}

// whichIsTaken asks whether another user has the name or the email of u; nil where neither.
func (s *Store) whichIsTaken(ctx context.Context, u *models.User) error {
	if _, err := s.UserByUsername(ctx, u.Username); !errors.Is(err, models.ErrUserNotFound) {
		return cmp.Or(err, models.ErrUsernameTaken)
	}
	if u.Email == "" {
		return nil
	}
	if _, err := s.UserByEmail(ctx, u.Email); !errors.Is(err, models.ErrUserNotFound) {
		return cmp.Or(err, models.ErrEmailTaken)
	}
	return nil
}

// UserByID implements models.UserStore.
func (s *Store) UserByID(ctx context.Context, id models.ID) (*models.User, error) {
	return s.user(ctx, `SELECT `+userColumns+` FROM users WHERE id = ?`, id[:])
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, username string) (*models.User, error) {
	return s.user(ctx, `SELECT `+userColumns+` FROM users WHERE username = ?`, username)
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (*models.User, error) {
	return s.user(ctx, `SELECT `+userColumns+` FROM users WHERE email = ?`, email)
}

// user returns the one user that a query over userColumns finds.
func (s *Store) user(ctx context.Context, query string, arg any) (*models.User, error) {
	var u *models.User
	err := s.read(ctx, "find user", func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			Args:       []any{arg},
			ResultFunc: func(row *sqlite.Stmt) error { u = readUser(row, 0); return nil },
		})
		if err == nil && u == nil {
			return models.ErrUserNotFound
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// readUser reads userColumns, the first of which is column first of the row.
func readUser(row *sqlite.Stmt, first int) *models.User {
	return &models.User{
		ID:           columnID(row, first),
		Username:     row.ColumnText(first + 1),
		Email:        row.ColumnText(first + 2),
		Name:         row.ColumnText(first + 3),
		Bio:          row.ColumnText(first + 4),
		Role:         models.Role(row.ColumnText(first + 5)),
		PasswordHash: row.ColumnText(first + 6),
		CreatedAt:    columnTime(row, first+7),
	}
}
