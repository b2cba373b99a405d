//go:build unix

package markdown

import (
	"maps"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"
)

// renderTime returns the processor time of the fastest of some renderings. It stops at one that takes at most enough.
func renderTime(t *testing.T, r *Renderer, text string, enough time.Duration) time.Duration {
	t.Helper()
	processorTime := func() time.Duration {
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			t.Fatal(err)
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	fastest := time.Duration(math.MaxInt64)
	for n := 0; n < 5 && fastest > enough; n++ {
		start := processorTime()
		r.render(text, ofPost)
		fastest = min(fastest, processorTime()-start)
	}
	return fastest
}

func TestHostileTextsAreCheap(t *testing.T) {
	r := NewRenderer()
	texts := hostile(maxContent)
	usual := renderTime(t, r, usual(maxContent), 0)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if took := renderTime(t, r, texts[name], 10*usual); took > 10*usual {
			t.Errorf("%s takes %s, more than ten usual texts, which take %s each", name, took, usual)
		}
	}
}

// TestNoAddressIsCheap: what starts like an address and is none costs about as much as a usual text.
func TestNoAddressIsCheap(t *testing.T) {
	r := NewRenderer()
	usual := renderTime(t, r, usual(maxContent), 0)
	for _, unit := range []string{"_www.", "~www.", "~~www.", "_http://", "_https://a", "~ftp://a._", "*www.a.A"} {
		if took := renderTime(t, r, fill(unit, maxContent), 3*usual); took > 3*usual {
			t.Errorf("%q takes %s, more than three usual texts, which take %s each", unit, took, usual)
		}
	}
}

// TestExponentialCodeIsCheap: an expression that takes for ever is given up, and so is the highlighting of its text.
func TestExponentialCodeIsCheap(t *testing.T) {
	r := NewRenderer()
	const bound = maxCodeTime + 40*time.Millisecond
	for language, code := range exponentialCode() {
		r.render("```"+language+"\nx\n```", ofPost) // reads the lexer
		if took := renderTime(t, r, "```"+language+"\n"+code+"\n```", bound); took > bound {
			t.Errorf("code in %s takes %s", language, took)
		}
	}
}
