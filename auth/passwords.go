// Package auth proves who somebody is: by password, by access token, by refresh token.
package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/models"
)

var (
	// ErrWrongPassword says that a password does not fit its hash, or that there is no usable hash.
	ErrWrongPassword = errors.New("wrong password")
	// ErrBusy says that too many passwords are being hashed; a later try may find a place.
	ErrBusy = errors.New("too many passwords to hash at once")
)

const (
	// MaxCost is the highest bcrypt cost that hashes are made or checked with: some 4 s on a processor of 2024.
	MaxCost = 16
	// hashingPatience is how long a password waits for its turn.
	hashingPatience = 2 * time.Second
)

// Passwords hashes and checks passwords with bcrypt. bcrypt is slow on purpose, so fewer computations than GOMAXPROCS run
// at a time, but one at least, and the others wait: a storm of logins leaves a processor to the rest of the server.
type Passwords struct {
	cost  int
	turns chan struct{}
	// waiting is how many wait for their turn.
	waiting atomic.Int64
	// slowest is the highest cost seen, which every refusal takes the time of.
	slowest atomic.Int64
}

// NewPasswords makes Passwords that hash with a cost of bcrypt.MinCost to MaxCost.
func NewPasswords(cost int) (*Passwords, error) {
	if cost < bcrypt.MinCost || cost > MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not %d to %d", cost, bcrypt.MinCost, MaxCost)
	}
	p := &Passwords{cost: cost, turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))}
	p.slowest.Store(int64(cost))
	return p, nil
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
// user who does not exist and fits nothing. Every refusal takes the same time, that of the highest cost among the hashes
// seen, so that it tells neither who exists nor what their hash costs. The other errors are those of Hash.
func (p *Passwords) Verify(ctx context.Context, hash, password string) error {
	if err := p.takeTurn(ctx); err != nil {
		return err
	}
	defer p.endTurn()
	cost, err := bcrypt.Cost([]byte(hash))
	usable := err == nil && cost <= MaxCost
	if usable {
		p.notice(cost)
		fits := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
		if fits && comparable(password) {
			return nil
		}
	}
	p.fillUp(cost, usable)
	return ErrWrongPassword
}

// comparable tells whether bcrypt tells a password from every other: it reads 72 bytes, and a password with a NUL as the
// password before it where that repeats ("ab\x00ab" as "ab").
func comparable(password string) bool {
	return len(password) <= models.MaxPasswordBytes && !strings.ContainsRune(password, 0)
}

// Outdated tells whether a hash has another cost than new ones get.
func (p *Passwords) Outdated(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost != p.cost
}

// notice remembers the highest cost seen.
func (p *Passwords) notice(cost int) {
	for {
		seen := p.slowest.Load()
		if int64(cost) <= seen || p.slowest.CompareAndSwap(seen, int64(cost)) {
			return
		}
	}
}

// fillUp spends what a refusal at the highest cost takes more than the one just computed. The time doubles with each cost,
// so one computation at cost c, and one each at c, c+1, … d-1, take as long together as one at cost d.
func (p *Passwords) fillUp(spent int, any bool) {
	slowest := int(p.slowest.Load())
	if !any {
		burn(slowest)
		return
	}
	for cost := spent; cost < slowest; cost++ {
		burn(cost)
	}
}

// burn takes the time of one computation.
func burn(cost int) { _, _ = bcrypt.GenerateFromPassword(nil, cost) }

// Queue tells how many passwords are being hashed or checked, how many wait for their turn, and how many turns there are.
func (p *Passwords) Queue() (running, waiting, turns int) {
	return len(p.turns), int(p.waiting.Load()), cap(p.turns)
}

func (p *Passwords) takeTurn(ctx context.Context) error {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
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
