package cli

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestSeedIsBounded: a number of users or posts that nobody means is a usage error, and nothing is made.
func TestSeedIsBounded(t *testing.T) {
	for _, args := range [][]string{
		{"-users", "9223372036854775807"}, {"-users", "1000001"}, {"-users", "99999999999999999999"}, {"-users", "-1"},
		{"-posts", "9223372036854775807"}, {"-posts", "100000001"}, {"-posts", "-9223372036854775808"},
		{"-users", "4611686018427387904", "-posts", "4611686018427387904"}, {"more"}, {"--", "-users"},
	} {
		environ := []string{"DATA_DIR=/dev/null/data"} // fails where a plan passes
		code, stdout, stderr := runIn(t, environ, append([]string{"seed"}, args...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, "\ngin-blog: seed") {
			t.Errorf("seed %v: exit %d, stdout %q, stderr %q, want a usage error", args, code, stdout, stderr)
		}
	}
	most := []string{"seed", "-users", strconv.Itoa(maxSeedUsers), "-posts", strconv.Itoa(maxSeedPosts)}
	if code, _, stderr := runIn(t, []string{"DATA_DIR=/dev/null/data"}, most...); code != 1 {
		t.Errorf("%v: exit %d, %s, want no usage error", most, code, stderr)
	}
}

// TestSeedAgain: usernames differ from those of the last time, also within one second and without posts.
func TestSeedAgain(t *testing.T) {
	environ := seeded(t, "-users", "3", "-posts", "0")
	for _, args := range [][]string{
		{"-posts", "0"}, {"-posts", "0", "-rand", "2"}, {"-posts", "1"}, {"-posts", "1", "-force"}, {"-posts", "0", "-force"},
	} {
		code, stdout, stderr := runIn(t, environ, append([]string{"seed", "-users", "3"}, args...)...)
		if code != 0 || !strings.HasPrefix(stdout, "3 users") {
			t.Errorf("seed %v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	code, _, stderr := runIn(t, environ, "seed")
	if code != 1 || !strings.Contains(stderr, "has posts already: -force adds 10 users and 100 posts to them") {
		t.Errorf("without -force: exit %d, %s", code, stderr)
	}
}

// TestSeedNamesAUser: the command says whom to log in as.
func TestSeedNamesAUser(t *testing.T) {
	environ := []string{"DATA_DIR=" + t.TempDir(), "BCRYPT_COST=4"}
	for range 2 {
		_, stdout, stderr := runIn(t, environ, "seed", "-users", "2", "-posts", "1", "-force")
		found := regexp.MustCompile(`\nLog in as (\S+), or as the author of any post, with the password pass123\n$`).
			FindStringSubmatch(stdout)
		if found == nil {
			t.Fatalf("stdout %q, stderr %q", stdout, stderr)
		}
		if code, _, stderr := runIn(t, environ, "role", found[1], "admin"); code != 0 {
			t.Errorf("there is no user %s: %s", found[1], stderr)
		}
	}
}

// TestSeedsAtOnce: seeds that run at the same time on a new store succeed, or say in a sentence what happened.
func TestSeedsAtOnce(t *testing.T) {
	environ := []string{"DATA_DIR=" + t.TempDir(), "BCRYPT_COST=4"}
	var seeds sync.WaitGroup
	for range 4 {
		seeds.Go(func() {
			code, _, stderr := runIn(t, environ, "seed", "-users", "3", "-posts", "0")
			if code != 0 && !strings.HasSuffix(stderr, "meanwhile: seed again\n") || strings.Contains(stderr, "UNIQUE") {
				t.Errorf("exit %d, %s", code, stderr)
			}
		})
	}
	seeds.Wait()
}
