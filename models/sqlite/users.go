package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	for range createAttempts {
		_, err = s.write.ExecContext(ctx, insertUser,
			u.ID[:], u.Username, u.Email, u.Name, u.Bio, string(u.Role), u.PasswordHash, millis(u.CreatedAt))
		if !isDuplicate(err) {
			break
		}
		if taken := s.whichIsTaken(ctx, u); taken != nil {
			return fmt.Errorf("create user: %w", taken)
		}
	}
	return wrap("create user", err)
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
	return s.user(ctx, `id = ?`, id[:])
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, username string) (*models.User, error) {
	return s.user(ctx, `username = ?`, username)
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (*models.User, error) {
	return s.user(ctx, `email = ?`, email)
}

func (s *Store) user(ctx context.Context, where string, arg any) (*models.User, error) {
	var u userRow
	err := s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE `+where, arg).Scan(u.columns()...)
	if errors.Is(err, sql.ErrNoRows) {
		err = models.ErrUserNotFound
	}
	if err != nil {
		return nil, wrap("find user", err)
	}
	return u.user(), nil
}

// userRow receives userColumns.
type userRow struct {
	id                                      idColumn
	username, name, bio, role, passwordHash string
	email                                   sql.NullString
	createdAt                               int64
}

func (r *userRow) columns() []any {
	return []any{&r.id, &r.username, &r.email, &r.name, &r.bio, &r.role, &r.passwordHash, &r.createdAt}
}

func (r *userRow) user() *models.User {
	return &models.User{
		ID: models.ID(r.id), Username: r.username, Email: r.email.String, Name: r.name, Bio: r.bio,
		Role: models.Role(r.role), PasswordHash: r.passwordHash, CreatedAt: fromMillis(r.createdAt),
	}
}

// idColumn receives an id; NULL is the zero id.
type idColumn models.ID

// Scan implements sql.Scanner.
func (id *idColumn) Scan(value any) error {
	if value == nil {
		*id = idColumn{}
		return nil
	}
	b, ok := value.([]byte)
	if !ok || len(b) != len(id) {
		return fmt.Errorf("scan id: %d bytes expected", len(id))
	}
	copy(id[:], b)
	return nil
}
