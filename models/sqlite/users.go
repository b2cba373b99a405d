package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gin-blog/models"
)

const (
	userColumns = `users.id, users.username, users.email, users.name, users.bio, users.role, users.password_hash, users.password_version, users.created_at`

	insertUser = `INSERT INTO users (id, username, email, name, bio, role, password_hash, password_version, created_at)
		VALUES (?, ?, NULLIF(?, ''), ?, ?, ?, ?, ?, ?)`

	selectUsers = `SELECT ` + userColumns + ` FROM users WHERE id < ? ORDER BY id DESC LIMIT ? + 0`

	updateProfile = `UPDATE users SET name = COALESCE(?, name), bio = COALESCE(?, bio),
		email = NULLIF(COALESCE(?, email), '') WHERE id = ? RETURNING ` + userColumns

	changePassword = `UPDATE users SET password_hash = ?, password_version = password_version + 1
		WHERE id = ? AND password_version = ?`

	// createAttempts bounds how often a name may be freed between the insert it blocked and the question whose it is.
	createAttempts = 3
)

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	var err error
	for range createAttempts {
		err = s.write(ctx, "create user", func(conn *sqlite.Conn) error {
			return createUser(conn, u)
		})
		if !isDuplicate(err) {
			return err
		}
		if taken := models.WhatIsTaken(ctx, s, u); taken != nil {
			return fmt.Errorf("create user: %w", taken)
		}
	}
	return err
}

// CreateUsers implements models.UserStore.
func (s *Store) CreateUsers(ctx context.Context, users []models.User) error {
	return s.write(ctx, "create users", func(conn *sqlite.Conn) error {
		for i := range users {
			if err := createUser(conn, &users[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func createUser(conn *sqlite.Conn, u *models.User) error {
	return exec(conn, insertUser, u.ID[:], u.Username, u.Email, u.Name, u.Bio, string(u.Role),
		u.PasswordHash, u.PasswordVersion, u.CreatedAt.UnixMilli())
}

// UpdateProfile implements models.UserStore.
func (s *Store) UpdateProfile(ctx context.Context, id models.ID, change models.ProfileChange) (*models.User, error) {
	var u *models.User
	err := s.write(ctx, "update profile", func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, updateProfile, &sqlitex.ExecOptions{
			Args:       []any{orNull(change.Name), orNull(change.Bio), orNull(change.Email), id[:]},
			ResultFunc: func(row *sqlite.Stmt) error { u = readUser(row, 0); return nil },
		})
		if isDuplicate(err) { // names do not change here
			return models.ErrEmailTaken
		}
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

// orNull is what a pointer points to, or NULL.
func orNull[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// SetRole implements models.UserStore.
func (s *Store) SetRole(ctx context.Context, username string, role models.Role) error {
	return s.write(ctx, "set role", func(conn *sqlite.Conn) error {
		return execOne(conn, models.ErrUserNotFound, `UPDATE users SET role = ? WHERE username = ?`, string(role), username)
	})
}

// ChangePassword implements models.UserStore.
func (s *Store) ChangePassword(ctx context.Context, id models.ID, version int64, hash string, keep models.ID) error {
	return s.write(ctx, "change password", func(conn *sqlite.Conn) error {
		if err := execOne(conn, models.ErrPasswordChanged, changePassword, hash, id[:], version); err != nil {
			return err
		}
		if err := exec(conn, `DELETE FROM sessions WHERE user_id = ? AND id <> ?`, id[:], keep[:]); err != nil {
			return err
		}
		return exec(conn, `UPDATE sessions SET password_version = ? WHERE id = ?`, version+1, keep[:])
	})
}

// RenewHash implements models.UserStore.
func (s *Store) RenewHash(ctx context.Context, id models.ID, from, to string) error {
	return s.write(ctx, "renew hash", func(conn *sqlite.Conn) error {
		return exec(conn, `UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?`, to, id[:], from)
	})
}

// DeleteUser implements models.UserStore. The sessions go with the user by their foreign key.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	return s.write(ctx, "delete user", func(conn *sqlite.Conn) error {
		return exec(conn, `DELETE FROM users WHERE id = ?`, id[:])
	})
}

// Users implements models.UserStore.
func (s *Store) Users(ctx context.Context, f models.UserFilter) ([]models.User, error) {
	users := make([]models.User, 0, f.Limit)
	err := s.read(ctx, "list users", func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, selectUsers, &sqlitex.ExecOptions{
			Args:       []any{before(f.After), f.Limit},
			ResultFunc: func(row *sqlite.Stmt) error { users = append(users, *readUser(row, 0)); return nil },
		})
	})
	if err != nil {
		return nil, err
	}
	return users, nil
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
		ID:              columnID(row, first),
		Username:        row.ColumnText(first + 1),
		Email:           row.ColumnText(first + 2),
		Name:            row.ColumnText(first + 3),
		Bio:             row.ColumnText(first + 4),
		Role:            models.Role(row.ColumnText(first + 5)),
		PasswordHash:    row.ColumnText(first + 6),
		PasswordVersion: row.ColumnInt64(first + 7),
		CreatedAt:       columnTime(row, first+8),
	}
}
