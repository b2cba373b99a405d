// Package auth proves who somebody is: by password, by access token, by refresh token.
package auth

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/models"
)

var (
	// ErrWrongPassword says that a password does not match its hash, or that there is no usable hash.
	ErrWrongPassword = models.NewError(models.Unauthenticated, "Invalid credentials")
	// ErrBusy says that too many passwords are being hashed. A later attempt may succeed.
	ErrBusy = models.NewError(models.Unavailable, "Too many logins at once, try again later")
)

const (
	// MinCost and MaxCost bound the bcrypt cost of hashes. A hash of cost 16 takes some 4 s on a processor of 2024.
	MinCost = bcrypt.MinCost
	MaxCost = 16
	// MaxPasswordBytes is how many bytes of a password bcrypt reads (Provos and Mazières, "A Future-Adaptable Password
	// Scheme", 1999).
	MaxPasswordBytes = 72
	// hashTimeout is how long a password waits for its turn to be hashed.
	hashTimeout = 2 * time.Second
)

// Passwords hashes and checks passwords with bcrypt. bcrypt is slow on purpose. To leave a processor to the rest of
// the server during a storm of logins, at most GOMAXPROCS - 1 computations run at a time, but at least one. The
// others wait.
type Passwords struct {
	cost    int
	slots   chan struct{} // holds one element for each running computation
	waiting atomic.Int64  // how many wait for a slot
	// dummy is a hash that no password matches. It stands in for the hash of a user who does not exist.
	dummy []byte
}

// NewPasswords makes Passwords that hash with a cost of MinCost to MaxCost.
func NewPasswords(cost int) (*Passwords, error) {
	if cost < MinCost || cost > MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not %d to %d", cost, MinCost, MaxCost)
	}
	return &Passwords{
		cost:  cost,
		slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
		// A salt and a checksum of zeros. No password is known to have this checksum.
		dummy: fmt.Appendf(nil, "$2a$%02d$%s", cost, strings.Repeat(".", 53)),
	}, nil
}

// Hash returns the bcrypt hash of a password of at most MaxPasswordBytes. It returns ErrBusy if no slot is free
// within two seconds, or the error of ctx if that ends first.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.takeSlot(ctx); err != nil {
		return "", err
	}
	defer p.freeSlot()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(hash), nil
}

// Verify returns nil if password matches hash, and ErrWrongPassword if not. An empty hash stands for a user who
// does not exist: it matches nothing, and takes as long as a wrong password does for a hash of the configured cost.
// So the time of a refusal does not tell who exists. The other errors are those of Hash.
func (p *Passwords) Verify(ctx context.Context, hash, password string) error {
	if err := p.takeSlot(ctx); err != nil {
		return err
	}
	defer p.freeSlot()
	usable := isUsable(hash)
	compared := p.dummy
	if usable {
		compared = []byte(hash)
	}
	matches := bcrypt.CompareHashAndPassword(compared, []byte(password)) == nil
	if !matches || !usable || !isUnambiguous(password) {
		return ErrWrongPassword
	}
	return nil
}

// isUsable returns whether a hash is one of bcrypt, of a cost that does not block the server.
func isUsable(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost <= MaxCost
}

// isUnambiguous returns whether bcrypt distinguishes a password from every other. It reads only 72 bytes, and takes a
// password with a NUL for a shorter one that repeats ("ab\x00ab" for "ab").
func isUnambiguous(password string) bool {
	return len(password) <= MaxPasswordBytes && !strings.ContainsRune(password, 0)
}

// Outdated returns whether a hash has another cost than new hashes get.
func (p *Passwords) Outdated(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost != p.cost
}

// Queue returns how many passwords are being hashed or checked, how many wait, and how many may run at once.
func (p *Passwords) Queue() (running, waiting, limit int) {
	return len(p.slots), int(p.waiting.Load()), cap(p.slots)
}

func (p *Passwords) takeSlot(ctx context.Context) error {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	ctx, cancel := context.WithTimeoutCause(ctx, hashTimeout, ErrBusy)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
	}
}

func (p *Passwords) freeSlot() { <-p.slots }
