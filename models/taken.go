package models

import (
	"cmp"
	"context"
	"errors"
)

// WhatIsTaken asks a store, after it refused a new user as a duplicate, whether another one has the name or the email. It
// returns ErrUsernameTaken, ErrEmailTaken, nil where neither is taken any more, or the error of the question. The text of
// the refusal would tell too, but every database words it in its own way.
func WhatIsTaken(ctx context.Context, users UserStore, u *User) error {
	if _, err := users.UserByUsername(ctx, u.Username); !errors.Is(err, ErrUserNotFound) {
		return cmp.Or(err, ErrUsernameTaken)
	}
	if u.Email == "" {
		return nil
	}
	if _, err := users.UserByEmail(ctx, u.Email); !errors.Is(err, ErrUserNotFound) {
		return cmp.Or(err, ErrEmailTaken)
	}
	return nil
}
