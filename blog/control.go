package blog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

// Registration says who may register.
type Registration string

// The ways to register.
const (
	RegistrationOpen   Registration = "open" // everybody may
	RegistrationInvite Registration = "invite"
	RegistrationClosed Registration = "closed"
)

// maxReason is how many characters the reason of a suspension has at most.
const maxReason = 200

// ErrTooManyInvitations says that there are models.MaxInvitations already.
var ErrTooManyInvitations = models.NewError(models.Conflict, "There are 100 invitations already: take one back first")

var (
	errRegistrationClosed = models.NewError(models.Forbidden, "Nobody can register here at the moment")
	errInvitationNeeded   = models.NewError(models.Forbidden,
		"To register, you need an invitation from the owner of this site")
	errTargetIsAdmin = models.NewError(models.Forbidden,
		"This user is an admin: take the role away first, with gin-blog role")
)

// Admit returns the invitation with which somebody may register now, or the zero ID where none is needed. invite is the
// token of the invitation, or "". It returns a refusal if they may not register.
func (b *Blog) Admit(ctx context.Context, invite string) (models.ID, error) {
	switch {
	case b.Registration == RegistrationClosed:
		return models.ID{}, errRegistrationClosed
	case b.Registration != RegistrationInvite:
		return models.ID{}, nil
	case invite == "":
		return models.ID{}, errInvitationNeeded
	}
	id, err := b.Sessions.ParseInvitation(invite)
	if err != nil {
		return models.ID{}, fmt.Errorf("%w: %w", models.ErrInvitationVoid, err)
	}
	live, err := b.Store.Invitations(ctx, b.now())
	if err == nil && !slices.ContainsFunc(live, func(i models.Invitation) bool { return i.ID == id }) {
		err = models.ErrInvitationVoid
	}
	return id, err
}

// Invite makes so many invitations. actor is the username of an admin, or "" for a command.
func (b *Blog) Invite(ctx context.Context, actor string, n int) (made []models.Invitation, err error) {
	live, err := b.Store.Invitations(ctx, b.now())
	if err != nil {
		return nil, err
	}
	if len(live)+n > models.MaxInvitations {
		return nil, ErrTooManyInvitations
	}
	for range n {
		now := b.now()
		i := models.Invitation{ID: models.NewID(), CreatedAt: now, ExpiresAt: now.Add(models.InvitationTTL)}
		if err := b.note(ctx, actor, "invite", i.ID.Hex(), ""); err != nil {
			return nil, err
		}
		if err := b.Store.CreateInvitation(ctx, &i); err != nil {
			return nil, err
		}
		made = append(made, i)
	}
	return made, nil
}

// TakeBack takes an invitation back.
func (b *Blog) TakeBack(ctx context.Context, actor string, invitation models.ID) error {
	if err := b.note(ctx, actor, "take back invitation", invitation.Hex(), ""); err != nil {
		return err
	}
	return b.Store.DeleteInvitation(ctx, invitation)
}

// SuspendUser suspends a user, for a reason that they are told, or ends that. It refuses admins.
func (b *Blog) SuspendUser(
	ctx context.Context, actor string, id models.ID, suspended bool, reason string,
) (*models.User, error) {
	if err := models.CheckField("reason", reason, models.Line(maxReason)); err != nil {
		return nil, err
	}
	user, err := b.target(ctx, id)
	if err != nil {
		return nil, err
	}
	action, at := "unsuspend", time.Time{}
	if suspended {
		action, at = "suspend", b.now()
	} else {
		reason = ""
	}
	if suspended != user.SuspendedAt.IsZero() && reason == user.SuspendedFor { // it is so already
		return user, nil
	}
	if err := b.note(ctx, actor, action, user.Username, reason); err != nil {
		return nil, err
	}
	return b.Store.Suspend(ctx, id, at, reason)
}

// RemoveUser removes the account of a user, and with purge all that they wrote. It refuses admins.
func (b *Blog) RemoveUser(ctx context.Context, actor string, id models.ID, purge bool) error {
	user, err := b.target(ctx, id)
	if err != nil {
		return err
	}
	if purge {
		if err := b.note(ctx, actor, "purge", user.Username, ""); err != nil {
			return err
		}
		defer b.tags.Store(nil) // which may have been counted since
		return b.Store.PurgeUser(ctx, id, b.now())
	}
	if err := b.note(ctx, actor, "delete", user.Username, ""); err != nil {
		return err
	}
	return b.Store.DeleteUser(ctx, id)
}

// target returns a user to whom an admin may do something.
func (b *Blog) target(ctx context.Context, id models.ID) (*models.User, error) {
	user, err := b.Store.UserByID(ctx, id)
	if err == nil && user.Role == models.RoleAdmin {
		return nil, errTargetIsAdmin
	}
	return user, err
}

// SetRole gives a user a role.
func (b *Blog) SetRole(ctx context.Context, username string, role models.Role) error {
	if err := b.Store.SetRole(ctx, username, role); err != nil {
		return err
	}
	return b.note(ctx, "", "role "+string(role), username, "")
}

// note adds to the log what an admin is about to do, so that nothing is done without an entry.
func (b *Blog) note(ctx context.Context, actor, action, target, reason string) error {
	return b.Store.AddToLog(ctx, &models.LogEntry{
		ID: models.NewID(), Actor: actor, Action: action, Target: target, Reason: reason, CreatedAt: b.now(),
	})
}

// refuseSuspended returns a refusal if a user is suspended.
func refuseSuspended(user *models.User) error {
	switch {
	case user.SuspendedAt.IsZero():
		return nil
	case user.SuspendedFor == "":
		return models.Refuse(models.Forbidden, nil, "This account is suspended")
	}
	return models.Refuse(models.Forbidden, nil, "This account is suspended: %s", user.SuspendedFor)
}

// EndAccessToken ends an access token of a user, or returns models.ErrTokenNotFound.
func (b *Blog) EndAccessToken(ctx context.Context, user, token models.ID) error {
	return b.Store.DeleteAccessToken(ctx, user, token)
}

// CreateAccessToken makes a token with which a program acts for a user, in some scopes, until a time, or without an end
// if that is zero. It returns the token itself, which nobody can find out later.
func (b *Blog) CreateAccessToken(
	ctx context.Context, user *models.User, name string, scopes []string, expiresAt time.Time,
) (*models.AccessToken, string, error) {
	var check models.Check
	check.Field("name", name, models.Required, models.Name)
	all := []models.Scope{models.ScopePosts, models.ScopeDrafts, models.ScopeComments, models.ScopeMedia}
	isWrong := func(scope string) bool { return !slices.Contains(all, models.Scope(scope)) }
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	if len(scopes) == 0 || slices.ContainsFunc(scopes, isWrong) {
		check.Add("scopes", "must be one or more of posts, drafts, comments, media")
	}
	now := b.now()
	if !expiresAt.IsZero() && !expiresAt.After(now) {
		check.Add("expiresAt", "must be in the future")
	}
	if err := check.Err(); err != nil {
		return nil, "", err
	}
	secret, hash := auth.NewAccessToken()
	token := &models.AccessToken{
		ID: models.NewID(), UserID: user.ID, Name: name, Scopes: scopes, Hash: hash, CreatedAt: now,
		ExpiresAt: models.StoredTime(expiresAt), PasswordVersion: user.PasswordVersion,
	}
	if err := b.Store.CreateAccessToken(ctx, token); err != nil {
		return nil, "", ifAuthorExists(err)
	}
	return token, secret, nil
}
