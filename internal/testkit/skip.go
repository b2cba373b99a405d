package testkit

import (
	"errors"
	"os"
	"testing"
)

// All tells whether everything is to be tested, as make test-all does.
func All() bool { return os.Getenv("TEST_ALL") == "1" }

// OnlyInAll skips a test that takes long, unless everything is to be tested.
func OnlyInAll(t testing.TB) {
	t.Helper()
	if !All() {
		LeaveOut(t, "only with make test-all")
	}
}

// Skip skips a test that this machine cannot run. With CI=true that is a failure.
func Skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	LeaveOut(t, why)
}

// LeaveOut skips a test. scripts/test lists the reasons at the end of a run, by the file that SKIPPED_TESTS names.
func LeaveOut(t testing.TB, why string) {
	t.Helper()
	if path := os.Getenv("SKIPPED_TESTS"); path != "" {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteString(why + "\n")
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	t.Skip(why)
}
