package sqlite

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

const (
	userColumns = `users.id, users.username, users.email, users.name, users.bio, users.role, users.password_hash,
		users.password_version, users.created_at`

	insertUser = `INSERT INTO users (id, username, email, name, bio, role, password_hash, password_version, created_at)
		VALUES (?, ?, NULLIF(?, ''), ?, ?, ?, ?, ?, ?)`

	selectUsers = `SELECT ` + userColumns + ` FROM users WHERE id < ? ORDER BY id DESC LIMIT ? + 0`

	updateProfile = `UPDATE users SET name = COALESCE(?, name), bio = COALESCE(?, bio),
		email = NULLIF(COALESCE(?, email), '') WHERE id = ? RETURNING ` + userColumns

	changePassword = `UPDATE users SET password_hash = ?, password_version = password_version + 1
		WHERE id = ? AND password_version = ?`
)

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	return models.CreateUniqueUser(ctx, s, u, func() error {
		return s.write(ctx, "create user", func(conn *sqlite.Conn) error { return createUser(conn, u) })
	})
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
func (s *Store) UpdateProfile(
	ctx context.Context, id models.ID, change models.ProfileChange,
) (u *models.User, err error) {
	err = s.write(ctx, "update profile", func(conn *sqlite.Conn) error {
		u, err = queryOne(conn, models.ErrUserNotFound, scanUser, updateProfile,
			orNull(change.Name), orNull(change.Bio), orNull(change.Email), id[:])
		if errors.Is(err, models.ErrDuplicate) { // the update changes no name
			return models.ErrEmailTaken
		}
		return err
	})
	return u, err
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

// DeleteUser implements models.UserStore. The foreign keys of sessions and drafts delete them
// too: 1000 of the longest drafts in some 0.4 s.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	return s.write(ctx, "delete user", func(conn *sqlite.Conn) error {
		return exec(conn, `DELETE FROM users WHERE id = ?`, id[:])
	})
}

// Users implements models.UserStore.
func (s *Store) Users(ctx context.Context, f models.UserFilter) (users []models.User, err error) {
	err = s.read(ctx, "list users", func(conn *sqlite.Conn) error {
		users, err = queryAll(conn, scanUser, selectUsers, before(f.After), f.Limit)
		return err
	})
	return users, err
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

// user returns the one user that a query for userColumns finds.
func (s *Store) user(ctx context.Context, query string, arg any) (u *models.User, err error) {
	err = s.read(ctx, "find user", func(conn *sqlite.Conn) error {
		u, err = queryOne(conn, models.ErrUserNotFound, scanUser, query, arg)
		return err
	})
	return u, err
}

// scanUser reads userColumns.
func scanUser(row *sqlite.Stmt) models.User {
	return models.User{
		ID:              columnID(row, "id"),
		Username:        columnText(row, "username"),
		Email:           columnText(row, "email"),
		Name:            columnText(row, "name"),
		Bio:             columnText(row, "bio"),
		Role:            models.Role(columnText(row, "role")),
		PasswordHash:    columnText(row, "password_hash"),
		PasswordVersion: row.ColumnInt64(column(row, "password_version")),
		CreatedAt:       columnTime(row, "created_at"),
	}
}
