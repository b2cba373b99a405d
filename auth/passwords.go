// Package auth proves who somebody is: by password, by access token, by refresh token.
package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/crypto/bcrypt"
)

var (
	// ErrWrongPassword says that a password does not fit its hash, or that there is no usable hash.
	ErrWrongPassword = errors.New("wrong password")
	// ErrBusy says that too many passwords are being hashed; a later try may find a place.
	ErrBusy = errors.New("too many passwords to hash at once")
)

// maxPasswordBytes is what bcrypt reads of a password: a longer one would pass on its beginning.
const maxPasswordBytes = 72

// hashingPatience is how long a password waits for its turn.
const hashingPatience = 2 * time.Second

// Passwords hashes and checks passwords with bcrypt. bcrypt is slow on purpose, so at most GOMAXPROCS computations
// run at a time and the others wait: a storm of logins leaves the processors to the rest of the server.
type Passwords struct {
	cost  int
	turns chan struct{}
	decoy []byte // the hash of no password
}

// NewPasswords makes Passwords that hash with a cost of bcrypt.MinCost to bcrypt.MaxCost.
func NewPasswords(cost int) (*Passwords, error) {
	decoy, err := bcrypt.GenerateFromPassword([]byte("nobody has this password"), cost)
	if err != nil {
		return nil, fmt.Errorf("hash with cost %d: %w", cost, err)
	}
	return &Passwords{cost: cost, turns: make(chan struct{}, runtime.GOMAXPROCS(0)), decoy: decoy}, nil
}

// Hash returns the bcrypt hash of a password of at most 72 bytes. It returns ErrBusy where no turn comes within
// two seconds, and the error of ctx where that ends first.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.takeTurn(ctx); err != nil {
		return "", err
	}
	defer p.endTurn()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(hash), nil
}

// Verify returns nil where password fits hash, and ErrWrongPassword where it does not. An empty hash stands for a
// user who does not exist: it takes as long as any other and fits nothing. The other errors are those of Hash.
func (p *Passwords) Verify(ctx context.Context, hash, password string) error {
	if err := p.takeTurn(ctx); err != nil {
		return err
	}
	defer p.endTurn()
	known := hash != ""
	stored := []byte(hash)
	if !known {
		stored = p.decoy
	}
	err := bcrypt.CompareHashAndPassword(stored, []byte(password))
	if err != nil || !known || len(password) > maxPasswordBytes {
		return ErrWrongPassword
	}
	return nil
}

func (p *Passwords) takeTurn(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, hashingPatience, ErrBusy)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
	}
}

func (p *Passwords) endTurn() { <-p.turns }
