package cli

import (
	"regexp"
	"testing"
)

// TestControlCommands: what each command says, and that the log of admins has it.
func TestControlCommands(t *testing.T) {
	environ := append(seeded(t, "-users", "2", "-posts", "4"), "BASE_URL=https://blog.example")
	_, help, _ := runIn(t, environ, "seed", "-users", "1", "-posts", "1", "-rand", "2", "-force")
	user := regexp.MustCompile(`Log in as ([^,]+),`).FindStringSubmatch(help)
	if user == nil {
		t.Fatalf("seed names no user: %s", help)
	}
	for _, c := range []struct {
		args []string
		code int
		want string // a regular expression
	}{
		{[]string{"invite"}, 0,
			`^https://blog\.example/register\?invite=[\w-]+\.[\w-]+\.[\w-]+\ngin-blog: warning: REGISTRATION is open: `},
		{[]string{"invite", "-n", "3"}, 0, `^(https://blog\.example/register\?invite=\S+\n){3}`},
		{[]string{"invite", "-n", "0"}, 2, `-n must be 1 to 100`},
		{[]string{"invite", "-n", "100"}, 1, `There are 100 invitations already`},
		{[]string{"suspend", user[1], "Too much spam"}, 0, ` is suspended now, in the SQLite file `},
		{[]string{"unsuspend", user[1]}, 0, ` is no longer suspended now, `},
		{[]string{"suspend", "nobody"}, 1, `no user is called nobody in the SQLite file`},
		{[]string{"role", user[1], "admin"}, 0, `has the role admin`},
		{[]string{"suspend", user[1]}, 1, `This user is an admin`},
		{[]string{"delete-user", "-purge", user[1]}, 1, `This user is an admin`},
		{[]string{"role", user[1], "user"}, 0, `has the role user`},
		{[]string{"delete-user", "-purge", user[1]}, 0, ` is deleted now, `},
		{[]string{"delete-user", user[1]}, 1, `no user is called`},
	} {
		code, stdout, stderr := runIn(t, environ, c.args...)
		if code != c.code || !regexp.MustCompile(c.want).MatchString(stdout+stderr) {
			t.Errorf("%v: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
}
