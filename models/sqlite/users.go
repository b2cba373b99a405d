package sqlite

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"gin-blog/models"
)

func userFields(u *models.User) []field {
	return []field{
		{"id", &u.ID, fixed},
		{"username", &u.Username, fixed},
		{"email", (*optionalText)(&u.Email), changes},
		{"name", &u.Name, changes},
		{"bio", &u.Bio, changes},
		{"role", (*string)(&u.Role), fixed},
		{"password_hash", &u.PasswordHash, fixed},
		{"password_version", &u.PasswordVersion, fixed},
		{"tokens_since", &u.TokensSince, fixed},
		{"suspended_at", (*optionalTime)(&u.SuspendedAt), fixed},
		{"suspended_for", &u.SuspendedFor, fixed},
		{"created_at", &u.CreatedAt, fixed},
	}
}

var (
	users = newTable(table[models.User]{
		name: "users", record: "user", missing: models.ErrUserNotFound, fields: userFields, from: `users`,
		this: `id = ?`, key: byID,
	})
	selectByUsername = users.where(`username = ?`)
	selectByEmail    = users.where(`email = ?`)
	selectSoleAuthor = users.where(`id = (SELECT min(author_id) FROM posts WHERE ` + shownPosts + `)
		AND id = (SELECT max(author_id) FROM posts WHERE ` + shownPosts + `)`)
	selectUsers = users.where(`id < ?1 AND (?2 IS NULL OR (suspended_at IS NOT NULL) = ?2) AND (?3 = ''
		OR instr(lower(username), ?3) OR instr(lower(name), ?3) OR instr(lower(coalesce(email, '')), ?3))
		ORDER BY id DESC LIMIT ?4 + 0`)
)

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	return models.CreateUniqueUser(ctx, s, u, func() error {
		return s.write(ctx, "create user", func(conn *sqlite.Conn) error { return users.insert(conn, u) })
	})
}

// UpdateUser implements models.UserStore.
func (s *Store) UpdateUser(ctx context.Context, id models.ID, change func(*models.User) error) (*models.User, error) {
	u, err := users.update(ctx, s, id, change)
	if errors.Is(err, models.ErrDuplicate) { // an update changes no name
		return nil, models.ErrEmailTaken
	}
	return u, err
}

// SetRole implements models.UserStore.
func (s *Store) SetRole(ctx context.Context, username string, role models.Role) error {
	return s.change(ctx, "set role", models.ErrUserNotFound, `UPDATE users SET role = ? WHERE username = ?`,
		string(role), username)
}

// ChangePassword implements models.UserStore.
func (s *Store) ChangePassword(ctx context.Context, id models.ID, version int64, hash string, keep models.ID) error {
	return s.write(ctx, "change password", func(conn *sqlite.Conn) error {
		change := `UPDATE users SET password_hash = ?1, password_version = ?2`
		if keep.IsZero() {
			change += `, tokens_since = ?2`
		}
		err := execOne(conn, models.ErrPasswordChanged, change+` WHERE id = ?3 AND password_version = ?4`,
			hash, version+1, id, version)
		if err != nil {
			return err
		}
		if err := exec(conn, `DELETE FROM sessions WHERE user_id = ? AND id <> ?`, id, keep); err != nil {
			return err
		}
		return exec(conn, `UPDATE sessions SET password_version = ? WHERE id = ?`, version+1, keep)
	})
}

// RenewHash implements models.UserStore.
func (s *Store) RenewHash(ctx context.Context, id models.ID, from, to string) error {
	return s.change(ctx, "renew hash", nil, `UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?`,
		to, id, from)
}

// DeleteUser implements models.UserStore. The foreign keys of sessions and drafts delete them
// too: 1000 of the longest drafts in some 0.4 s.
func (s *Store) DeleteUser(ctx context.Context, id models.ID) error {
	return s.change(ctx, "delete user", nil, `DELETE FROM users WHERE id = ?`, id)
}

// Users implements models.UserStore.
func (s *Store) Users(ctx context.Context, f models.UserFilter) ([]models.User, error) {
	var suspended any
	if f.Suspended != nil {
		suspended = map[bool]int{true: 1}[*f.Suspended]
	}
	run := s.read
	if f.Text != "" || f.Suspended != nil { // all users may have to be looked at
		run = s.search
	}
	return readAll(ctx, run, "list users", userFields, selectUsers,
		before(f.After), suspended, models.FoldName(f.Text), f.Limit)
}

// UserByID implements models.UserStore.
func (s *Store) UserByID(ctx context.Context, id models.ID) (*models.User, error) {
	return users.read(ctx, s, users.find, id)
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, username string) (*models.User, error) {
	return users.read(ctx, s, selectByUsername, username)
}

// SoleAuthor implements models.UserStore.
func (s *Store) SoleAuthor(ctx context.Context) (*models.User, error) {
	return users.read(ctx, s, selectSoleAuthor)
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (*models.User, error) {
	return users.read(ctx, s, selectByEmail, email)
}
