package auth_test

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/internal/auth"
	"gin-blog/models"
)

func TestVerify(t *testing.T) {
	passwords := auth.NewPasswords(bcrypt.MinCost)
	hash := func(password string) string {
		h, err := passwords.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	foreign := func(password string) string {
		h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		return string(h)
	}
	long := strings.Repeat("x", models.MaxPasswordBytes)
	tooCostly := strings.Replace(hash("pass123"), "$04$", "$17$", 1)
	for _, c := range []struct {
		name, hash, password string
		want                 error
	}{
		{"match", hash("pass123"), "pass123", nil},
		{"composed and sent in parts", hash("é"), "e\u0301", nil},
		{"hashed in parts and sent composed", hash("e\u0301"), "é", nil},
		{"hashed as it was by another program", foreign("e\u0301"), "e\u0301", nil},
		{"that one, sent composed", foreign("e\u0301"), "é", auth.ErrWrongPassword},
		{"longer than 72 bytes until it is composed", hash(strings.Repeat("é", 36)), strings.Repeat("e\u0301", 36), nil},
		{"longer than 72 bytes", foreign(strings.Repeat("e\u0301", 24)), strings.Repeat("e\u0301", 25),
			auth.ErrWrongPassword},
		{"longest match", hash(long), long, nil},
		{"wrong password", hash("pass123"), "pass124", auth.ErrWrongPassword},
		{"empty password", hash("pass123"), "", auth.ErrWrongPassword},
		{"too long", hash(long), long + "x", auth.ErrWrongPassword},
		{"repeated after a NUL", hash("ab"), "ab\x00ab", auth.ErrWrongPassword},
		{"no user", "", "pass123", auth.ErrWrongPassword},
		{"no user, no password", "", "", auth.ErrWrongPassword},
		{"not a hash", "pass123", "pass123", auth.ErrWrongPassword},
		{"a cost beyond MaxCost", tooCostly, "pass123", auth.ErrWrongPassword},
	} {
		if err := passwords.Verify(t.Context(), c.hash, c.password); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// TestRefusalsOfEveryFormTakeOneTime: a password that is tried in two forms takes twice the time, for an unknown user
// too, and another password takes no more than before.
func TestRefusalsOfEveryFormTakeOneTime(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	passwords := auth.NewPasswords(6)
	known, err := passwords.Hash(t.Context(), "pass123")
	if err != nil {
		t.Fatal(err)
	}
	type attempt struct{ hash, password string }
	fastest := map[attempt]time.Duration{}
	ratio := func(a, b attempt) float64 { return float64(fastest[a]) / float64(fastest[b]) }
	plain, plainUnknown := attempt{known, "wr\u00f6ng"}, attempt{"", "wr\u00f6ng"}
	parts, partsUnknown := attempt{known, "wro\u0308ng"}, attempt{"", "wro\u0308ng"}
	isEqual := func() bool {
		return math.Abs(ratio(plainUnknown, plain)-1) < 0.1 && math.Abs(ratio(partsUnknown, parts)-1) < 0.1 &&
			math.Abs(ratio(parts, plain)-2) < 0.2
	}
	// Load on the machine disturbs the fastest attempt least.
	for round := 0; round == 0 || round < 100 && !isEqual(); round++ {
		for range 10 {
			for _, a := range []attempt{plain, plainUnknown, parts, partsUnknown} {
				start := time.Now()
				if err := passwords.Verify(t.Context(), a.hash, a.password); !errors.Is(err, auth.ErrWrongPassword) {
					t.Fatalf("%+v: %v", a, err)
				}
				if took := time.Since(start); fastest[a] == 0 || took < fastest[a] {
					fastest[a] = took
				}
			}
		}
	}
	if !isEqual() {
		t.Errorf("the attempts take %v", fastest)
	}
}

func TestHashRefusesWhatBcryptWouldCut(t *testing.T) {
	passwords := auth.NewPasswords(bcrypt.MinCost)
	if _, err := passwords.Hash(t.Context(), strings.Repeat("x", models.MaxPasswordBytes+1)); err == nil {
		t.Error("a password of more than models.MaxPasswordBytes was hashed")
	}
}

func TestOutdated(t *testing.T) {
	passwords := auth.NewPasswords(5)
	for hash, want := range map[string]bool{
		"$2a$05$" + strings.Repeat(".", 53): false,
		"$2a$04$" + strings.Repeat(".", 53): true,
		"$2b$10$" + strings.Repeat(".", 53): true,
		"":                                  false,
	} {
		if got := passwords.Outdated(hash); got != want {
			t.Errorf("%q: got %t, want %t", hash, got, want)
		}
	}
}

// TestFewPasswordsAreHashedAtOnce: a storm of logins leaves a processor to other requests, where there are two.
func TestFewPasswordsAreHashedAtOnce(t *testing.T) {
	p := auth.NewPasswords(8) // takes longer than the turn of a goroutine
	limit := max(1, runtime.GOMAXPROCS(0)-1)
	var hashing sync.WaitGroup
	var done atomic.Int64
	for range 6 {
		hashing.Go(func() {
			if _, err := p.Hash(t.Context(), "pass123"); err != nil {
				t.Error(err)
			}
			done.Add(1)
		})
	}
	most := 0
	for done.Load() < 6 {
		running, _, _ := p.Queue()
		most = max(most, running)
		time.Sleep(time.Millisecond)
	}
	hashing.Wait()
	if most == 0 || most > limit {
		t.Errorf("%d passwords were hashed at once, want 1 to %d", most, limit)
	}
}
