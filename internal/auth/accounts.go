package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"gin-blog/models"
)

// accountStore is what Accounts need of the store.
type accountStore interface {
	CreateUser(ctx context.Context, u *models.User) error
	UserByID(ctx context.Context, id models.ID) (*models.User, error)
	UserByUsername(ctx context.Context, username string) (*models.User, error)
	UserByEmail(ctx context.Context, email string) (*models.User, error)
	RenewHash(ctx context.Context, id models.ID, from, to string) error
	ChangePassword(ctx context.Context, id models.ID, version int64, hash string, keep models.ID) error
	DeleteUser(ctx context.Context, id models.ID) error
}

// AccountOptions are the parts of Accounts. All but Limits are required.
type AccountOptions struct {
	Store     accountStore
	Passwords *Passwords
	Sessions  *Sessions
	Limits    *Limits // nil for no limits
	Log       *slog.Logger
	Now       func() time.Time
}

// Accounts registers users, logs them in, changes their passwords and deletes them, within the limits on tries. The API
// and the pages share one, so that they share the limits.
type Accounts struct{ parts AccountOptions }

// NewAccounts returns Accounts.
func NewAccounts(o AccountOptions) *Accounts { return &Accounts{o} }

// Client is who sends a request, as far as the server can tell.
type Client struct {
	UserAgent string
	IP        string
}

// Registration is what a new user sends. It must have been checked.
type Registration struct {
	Username, Password string
	Email, Name        string // may be empty
}

// Credentials are what a user logs in with: the password, and one of the others.
type Credentials struct {
	Username        string
	Email           string
	UsernameOrEmail string
	Password        string
}

// Register creates an account. It returns models.ErrUsernameTaken, models.ErrEmailTaken, or the errors of
// Limits.Register.
func (a *Accounts) Register(ctx context.Context, in Registration, client Client) (*models.User, error) {
	user := &models.User{
		ID: models.NewID(), Username: in.Username, Email: in.Email, Name: in.Name,
		Role: models.RoleUser, CreatedAt: models.StoredTime(a.parts.Now()),
	}
	err := a.parts.Limits.Register(ctx, client.IP, func(wait context.Context) (err error) {
		if user.PasswordHash, err = a.parts.Passwords.Hash(wait, in.Password); err != nil {
			return err
		}
		return a.parts.Store.CreateUser(ctx, user)
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// LogIn checks a password and starts a session. It returns ErrWrongPassword, also where there is no such user, or the
// errors of Limits.Login.
func (a *Accounts) LogIn(ctx context.Context, in Credentials, client Client) (*models.User, *models.Session, error) {
	user, err := a.find(ctx, in)
	if errors.Is(err, models.ErrUserNotFound) {
		// They have no hash. It is verified too, so that the time does not tell who exists.
		user = &models.User{}
	} else if err != nil {
		return nil, nil, err
	}
	account := cmp.Or(in.Username, in.Email, in.UsernameOrEmail)
	if err := a.verify(ctx, account, user.PasswordHash, in.Password, client); err != nil {
		return nil, nil, err
	}
	session, err := a.parts.Sessions.Start(ctx, user, client)
	if errors.Is(err, models.ErrUserNotFound) { // deleted since it was found
		return nil, nil, ErrWrongPassword
	}
	if err != nil {
		return nil, nil, err
	}
	if a.parts.Passwords.Outdated(user.PasswordHash) {
		a.renewHash(ctx, user, in.Password)
	}
	return user, session, nil
}

// find returns the user with the given name or email address, or models.ErrUserNotFound.
func (a *Accounts) find(ctx context.Context, in Credentials) (*models.User, error) {
	if in.Email != "" {
		return a.parts.Store.UserByEmail(ctx, in.Email)
	}
	user, err := a.parts.Store.UserByUsername(ctx, cmp.Or(in.Username, in.UsernameOrEmail))
	if errors.Is(err, models.ErrUserNotFound) && in.UsernameOrEmail != "" {
		return a.parts.Store.UserByEmail(ctx, in.UsernameOrEmail)
	}
	return user, err
}

// ChangePassword replaces the password of a user, who must know the current one. It ends all their sessions but the
// one of identity. It returns ErrWrongPassword if current is wrong, ErrInvalidToken if the session has ended meanwhile,
// or the errors of Limits.Login.
func (a *Accounts) ChangePassword(
	ctx context.Context, identity *Identity, current, replacement string, client Client,
) error {
	user := identity.User
	if err := a.verify(ctx, user.Username, user.PasswordHash, current, client); err != nil {
		return err
	}
	hash, err := a.parts.Passwords.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	if err := a.parts.Sessions.Confirm(ctx, identity); err != nil { // the hashing may have waited for its turn
		return err
	}
	err = a.parts.Store.ChangePassword(ctx, user.ID, user.PasswordVersion, hash, identity.SessionID)
	if errors.Is(err, models.ErrPasswordChanged) { // by another client, so the client sent an old password
		return ErrWrongPassword
	}
	return err
}

// Delete removes the account of a user, who must know the password. It returns the errors of ChangePassword.
func (a *Accounts) Delete(ctx context.Context, identity *Identity, password string, client Client) error {
	user := identity.User
	if err := a.verify(ctx, user.Username, user.PasswordHash, password, client); err != nil {
		return err
	}
	if err := a.parts.Sessions.Confirm(ctx, identity); err != nil { // the check may have waited for its turn
		return err
	}
	return a.parts.Store.DeleteUser(ctx, user.ID)
}

// verify returns nil if a password has the given hash. A failure counts for account, the name or the email address that
// the client sent. It returns ErrWrongPassword, or the errors of Limits.Login.
func (a *Accounts) verify(ctx context.Context, account, hash, password string, client Client) error {
	return a.parts.Limits.Login(ctx, account, client.IP, func(ctx context.Context) error {
		return a.parts.Passwords.Verify(ctx, hash, password)
	})
}

// renewHash stores a hash with the cost that new hashes have. If that fails, the login succeeds all the same: the
// next login tries again.
func (a *Accounts) renewHash(ctx context.Context, u *models.User, password string) {
	hash, err := a.parts.Passwords.Hash(ctx, password)
	if err == nil {
		err = a.parts.Store.RenewHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		a.parts.Log.WarnContext(ctx, "could not renew a hash of another cost", "userId", u.ID.Hex(), "cause", err)
	}
}
