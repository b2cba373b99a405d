// Package auth authenticates users: by password, by access token and by refresh token.
package auth

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"gin-blog/models"
)

var (
	// ErrWrongPassword says that a password does not match. The client does not learn whether the account exists.
	ErrWrongPassword = models.NewError(models.Unauthenticated, "Invalid credentials")
	// ErrBusy says that a password waited longer than maxWait to be hashed.
	ErrBusy = models.NewError(models.Unavailable, "Too many logins at once, try again later")
)

const (
	// MaxCost is the highest bcrypt cost that Passwords takes. Hashing at this cost takes about 4 s in 2024.
	MaxCost = 16

	// maxWait is how long a password waits to be hashed.
	maxWait = 2 * time.Second
)

// Passwords hashes and verifies passwords with bcrypt.
//
// bcrypt is slow by design. At most GOMAXPROCS-1 passwords (but at least one) are hashed at a time, so that many logins
// leave one processor to other requests. Further passwords wait, for maxWait at most.
type Passwords struct {
	cost      int
	dummyHash []byte        // takes as long to compare as a new hash, and matches no password
	slots     chan struct{} // holds one value for each password being hashed
	waiting   atomic.Int64  // how many passwords wait for a slot
}

// NewPasswords returns Passwords that hash with a bcrypt cost, which must be bcrypt.MinCost to MaxCost.
func NewPasswords(cost int) *Passwords {
	return &Passwords{
		cost: cost,
		// "$2a$", the cost, "$", then 22 characters of salt and 31 of digest. A made-up digest costs no time at start.
		dummyHash: fmt.Appendf(nil, "$2a$%02d$%s", cost, strings.Repeat(".", 22+31)),
		slots:     make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
	}
}

// Hash returns the bcrypt hash of a password, composed (NFC), of at most models.MaxPasswordBytes. It returns ErrBusy if
// the password waits for more than two seconds, or the cause of ctx if ctx ends before.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.acquireSlot(ctx); err != nil {
		return "", err
	}
	defer p.releaseSlot()
	hash, err := bcrypt.GenerateFromPassword([]byte(norm.NFC.String(password)), p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(hash), nil
}

// Verify returns nil if password matches hash, and ErrWrongPassword if it does not. It returns ErrBusy or the cause of
// ctx as Hash does. The password is tried as it was sent and, if that is another text, composed (NFC): keyboards of
// different systems send the same letters in different forms, and other programs hashed them as they came.
//
// For a user who does not exist, pass an empty hash: it matches no password. Verify then compares with a dummy hash, so
// that the time it takes does not tell whether the user exists. Only a hash of another cost (see Outdated) takes
// another time.
func (p *Passwords) Verify(ctx context.Context, hash, password string) error {
	if err := p.acquireSlot(ctx); err != nil {
		return err
	}
	defer p.releaseSlot()
	compared := []byte(hash)
	if cost, err := bcrypt.Cost(compared); err != nil || cost > MaxCost {
		compared = p.dummyHash
	}
	for _, tried := range slices.Compact([]string{password, norm.NFC.String(password)}) {
		if bcrypt.CompareHashAndPassword(compared, []byte(tried)) == nil && !isAmbiguous(tried) {
			return nil
		}
	}
	return ErrWrongPassword
}

// isAmbiguous tells whether bcrypt treats password like another one. It ignores what follows 72 bytes, and it repeats a
// password with a NUL in between, so that "ab" and "ab\x00ab" have the same hash.
func isAmbiguous(password string) bool {
	return len(password) > models.MaxPasswordBytes || strings.ContainsRune(password, 0)
}

// Outdated tells whether hash has another cost than a new hash would have.
func (p *Passwords) Outdated(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost != p.cost
}

// Queue returns how many passwords are being hashed or verified, how many wait, and how many may be hashed at once.
func (p *Passwords) Queue() (running, waiting, limit int) {
	return len(p.slots), int(p.waiting.Load()), cap(p.slots)
}

// acquireSlot waits until the caller may hash a password. It returns ErrBusy after maxWait, or the cause of ctx if ctx
// ends before. The caller must call releaseSlot if the error is nil.
func (p *Passwords) acquireSlot(ctx context.Context) error {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, ErrBusy)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
	}
}

func (p *Passwords) releaseSlot() { <-p.slots }
