package blog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// NewAccount is what a new user sends.
type NewAccount struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Email    string `json:"email"`  // may be empty
	Name     string `json:"name"`   // may be empty
	Invite   string `json:"invite"` // the token of an invitation, if one is needed
}

// Credentials are what a user logs in with. Spaces around a name or an address do not count.
type Credentials struct {
	Username string `json:"username"` // or the email address
	Email    string `json:"email"`    // in place of Username
	Password string `json:"password"`
}

// Register creates an account. It returns models.ErrUsernameTaken, models.ErrEmailTaken, or the errors of Admit and of
// auth.Limits.Register.
func (b *Blog) Register(ctx context.Context, in NewAccount, client auth.Client) (*models.User, error) {
	invitation, err := b.Admit(ctx, in.Invite)
	if err != nil {
		return nil, err
	}
	var check models.Check
	check.Field("username", in.Username, models.Required, models.Username)
	check.Field("password", in.Password, models.NotEmpty, models.NewPassword(b.PasswordMinLength, in.Username))
	check.Field("email", in.Email, models.Email)
	check.Field("name", in.Name, models.Name)
	if err := check.Err(); err != nil {
		return nil, err
	}
	user := &models.User{
		ID: models.NewID(), Username: in.Username, Email: in.Email, Name: in.Name,
		Role: models.RoleUser, CreatedAt: b.now(),
	}
	err = b.Limits.Register(ctx, client.IP, func(wait context.Context) (err error) {
		if user.PasswordHash, err = b.Passwords.Hash(wait, in.Password); err != nil {
			return err
		}
		if !invitation.IsZero() {
			return b.Store.CreateInvitedUser(ctx, user, invitation, b.now())
		}
		return b.Store.CreateUser(ctx, user)
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// LogIn checks a password and starts a session. It returns auth.ErrWrongPassword, also where there is no such user, a
// refusal if the user is suspended, or the errors of auth.Limits.Login.
func (b *Blog) LogIn(
	ctx context.Context, in Credentials, client auth.Client,
) (*models.User, *models.Session, error) {
	sent := in.Username
	in.Username, in.Email = strings.TrimSpace(in.Username), strings.TrimSpace(in.Email)
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	user, err := b.find(ctx, in)
	if errors.Is(err, models.ErrUserNotFound) && sent != in.Username { // which another program may have stored
		user, err = b.Store.UserByUsername(ctx, sent)
	}
	if errors.Is(err, models.ErrUserNotFound) {
		// They have no hash. It is verified too, so that the time does not tell who exists.
		user = &models.User{}
	} else if err != nil {
		return nil, nil, err
	}
	account := cmp.Or(in.Username, in.Email)
	if err := b.verify(ctx, account, user.PasswordHash, in.Password, client); err != nil {
		return nil, nil, err
	}
	if err := refuseSuspended(user); err != nil {
		return nil, nil, err
	}
	session, err := b.Sessions.Start(ctx, user, client)
	if errors.Is(err, models.ErrUserNotFound) { // deleted since it was found
		return nil, nil, auth.ErrWrongPassword
	}
	if err != nil {
		return nil, nil, err
	}
	if b.Passwords.Outdated(user.PasswordHash) {
		b.renewHash(ctx, user, in.Password)
	}
	return user, session, nil
}

func (in *Credentials) check() error {
	var check models.Check
	switch {
	case in.Username == "" && in.Email == "":
		check.Add("username", "or email is required")
	case in.Username != "" && in.Email != "":
		check.Add("username", "and email are two ways to say one thing: send one of them")
	}
	check.Field("username", in.Username, models.Login)
	check.Field("email", in.Email, models.Login)
	check.Field("password", in.Password, models.NotEmpty)
	return check.Err()
}

// find returns the user with the given name or email address, or models.ErrUserNotFound.
func (b *Blog) find(ctx context.Context, in Credentials) (*models.User, error) {
	if in.Email != "" {
		return b.Store.UserByEmail(ctx, in.Email)
	}
	user, err := b.Store.UserByUsername(ctx, in.Username)
	if errors.Is(err, models.ErrUserNotFound) {
		return b.Store.UserByEmail(ctx, in.Username)
	}
	return user, err
}

// UpdateProfile changes the profile of a user to what change returns, which may be called several times. It returns
// models.ErrEmailTaken, or the error of change.
func (b *Blog) UpdateProfile(
	ctx context.Context, user models.ID, change func(*models.User) (models.Profile, error),
) (*models.User, error) {
	u, err := b.Store.UpdateUser(ctx, user, func(u *models.User) error {
		before := u.Profile()
		after, err := change(u)
		if err != nil {
			return err
		}
		var check models.Check
		for _, f := range []struct {
			name, before, after string
			rule                models.Rule
		}{
			{"name", before.Name, after.Name, models.Name}, {"email", before.Email, after.Email, models.Email},
			{"bio", before.Bio, after.Bio, models.Bio},
		} {
			if f.after != f.before { // what another program wrote may stay
				check.Field(f.name, f.after, f.rule)
			}
		}
		u.Name, u.Email, u.Bio = after.Name, after.Email, after.Bio
		return check.Err()
	})
	return u, ifAuthorExists(err)
}

// ChangePassword replaces the password of a user, who must know the current one. It ends all their sessions but the one
// of identity. It returns auth.ErrWrongPassword if current is wrong, auth.ErrInvalidToken if the session has ended
// meanwhile, or the errors of auth.Limits.Login.
func (b *Blog) ChangePassword(
	ctx context.Context, identity *auth.Identity, current, replacement string, client auth.Client,
) error {
	user := identity.User
	var check models.Check
	check.Field("currentPassword", current, models.NotEmpty)
	check.Field("newPassword", replacement, models.NotEmpty, models.NewPassword(b.PasswordMinLength, user.Username))
	if err := check.Err(); err != nil {
		return err
	}
	if err := b.verify(ctx, user.Username, user.PasswordHash, current, client); err != nil {
		return err
	}
	hash, err := b.Passwords.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	if err := b.Sessions.Confirm(ctx, identity); err != nil { // the hashing may have waited for its turn
		return err
	}
	err = b.Store.ChangePassword(ctx, user.ID, user.PasswordVersion, hash, identity.SessionID)
	if errors.Is(err, models.ErrPasswordChanged) { // by another client, so the client sent an old password
		return auth.ErrWrongPassword
	}
	return err
}

// DeleteAccount removes the account of a user, who must know the password. It returns the errors of ChangePassword.
func (b *Blog) DeleteAccount(ctx context.Context, identity *auth.Identity, password string, client auth.Client) error {
	user := identity.User
	if err := models.CheckField("password", password, models.NotEmpty); err != nil {
		return err
	}
	if err := b.verify(ctx, user.Username, user.PasswordHash, password, client); err != nil {
		return err
	}
	if err := b.Sessions.Confirm(ctx, identity); err != nil { // the check may have waited for its turn
		return err
	}
	return b.Store.DeleteUser(ctx, user.ID)
}

// verify returns nil if a password has the given hash. A failure counts for account, the name or the email address that
// the client sent. It returns auth.ErrWrongPassword, or the errors of auth.Limits.Login.
func (b *Blog) verify(ctx context.Context, account, hash, password string, client auth.Client) error {
	return b.Limits.Login(ctx, account, client.IP, func(ctx context.Context) error {
		return b.Passwords.Verify(ctx, hash, password)
	})
}

// renewHash stores a hash with the cost that new hashes have. If that fails, the login succeeds all the same: the
// next login tries again.
func (b *Blog) renewHash(ctx context.Context, u *models.User, password string) {
	hash, err := b.Passwords.Hash(ctx, password)
	if err == nil {
		err = b.Store.RenewHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil {
		b.Log.WarnContext(ctx, "could not renew a hash of another cost", "userId", u.ID.Hex(), "cause", err)
	}
}

// UserOfReset returns the user who may set a new password with a token of auth.Tokens.SignReset, or auth.ErrResetVoid.
func (b *Blog) UserOfReset(ctx context.Context, token string) (*models.User, error) {
	id, version, err := b.Sessions.ParseReset(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", auth.ErrResetVoid, err)
	}
	user, err := b.Store.UserByID(ctx, id)
	if errors.Is(err, models.ErrUserNotFound) || err == nil && user.PasswordVersion != version {
		return nil, auth.ErrResetVoid
	}
	return user, err
}

// ResetPassword sets a new password and ends all sessions of the user. It returns
// auth.ErrResetVoid, or auth.ErrBusy if the password waits too long to be hashed.
func (b *Blog) ResetPassword(ctx context.Context, token, password string) error {
	user, err := b.UserOfReset(ctx, token)
	if err != nil {
		return err
	}
	rule := models.NewPassword(b.PasswordMinLength, user.Username)
	if err := models.CheckField("password", password, models.NotEmpty, rule); err != nil {
		return err
	}
	hash, err := b.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	err = b.Store.ChangePassword(ctx, user.ID, user.PasswordVersion, hash, models.ID{})
	if errors.Is(err, models.ErrPasswordChanged) { // by another use of the link
		return auth.ErrResetVoid
	}
	return err
}

// LogOut ends a session, of whomever it is. If it is gone already, nothing happens.
func (b *Blog) LogOut(ctx context.Context, session models.ID) error {
	return b.Store.DeleteSession(ctx, session)
}

// LiveSessions returns the sessions of a user that have not ended, the last used first.
func (b *Blog) LiveSessions(ctx context.Context, user models.ID) ([]models.Session, error) {
	return b.Store.LiveSessions(ctx, user, b.now())
}

// EndSession ends a session of a user, or returns models.ErrSessionNotFound.
func (b *Blog) EndSession(ctx context.Context, user, session models.ID) error {
	return b.Store.DeleteSessionOf(ctx, user, session)
}

// EndSessions ends all sessions of a user.
func (b *Blog) EndSessions(ctx context.Context, user models.ID) error {
	return b.Store.DeleteSessions(ctx, user)
}
