package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// logIn logs in on the page that is open.
func (v *visitor) logIn(username, password string) {
	v.t.Helper()
	v.fill("Username", username)
	v.fill("Password", password)
	v.press("Log in")
}

func registerLogInAndLogOut(t *testing.T, s blog) {
	v := s.visitor(t)
	v.open("/")
	if _, has := v.lastDocument().Response.Headers["Cross-Origin-Opener-Policy"]; has != (s.host == "localhost") {
		t.Errorf("Cross-Origin-Opener-Policy: %v, where browsers heed it: %v", has, !has)
	}
	v.follow("Register")
	v.fill("Username", "alice")
	v.fill("E-mail", "alice@example.com")
	v.fill("Password", testkit.Password)
	v.press("Register")
	v.is(200)
	if v.path() != "/" || !v.has("New post") || !v.has("Account") {
		t.Errorf("after the registration, %s shows:\n%s", v.path(), v.text())
	}
	v.press("Log out")
	v.is(200)
	if v.has("New post") || v.has("Account") || v.has("Log out") {
		t.Errorf("after logging out, the page shows:\n%s", v.text())
	}

	v.follow("Register")
	v.fill("Username", "Alice")
	v.fill("E-mail", "other@example.com")
	v.fill("Password", testkit.Password)
	v.press("Register")
	v.is(409)
	v.sees("already taken")
	if got := v.value("E-mail"); got != "other@example.com" {
		t.Errorf("after an error, E-mail is %q", got)
	}

	v.open("/authors/alice")
	v.follow("Log in")
	v.logIn("alice", "wrong-one")
	if name, password := v.value("Username"), v.value("Password"); name != "alice" || password != "" {
		t.Errorf("after a wrong password, the form has %q and %q", name, password)
	}
	v.fill("Username", "alice@example.com")
	v.fill("Password", testkit.Password)
	v.press("Log in")
	v.is(200)
	if v.path() != "/authors/alice" || !v.has("Log out") {
		t.Errorf("after the login, %s shows:\n%s", v.path(), v.text())
	}
	v.checkQuiet()
}

func changeProfile(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("pat")
	v.follow("Account")
	v.fill("E-mail", "pat@example.com")
	v.fill("Name", "Pat O'Neil")
	v.fill("About you", "I write.\nSometimes.")
	v.press("Save")
	v.is(200)
	for label, want := range map[string]string{
		"E-mail": "pat@example.com", "Name": "Pat O'Neil", "About you": "I write.\nSometimes.",
	} {
		if got := v.value(label); got != want {
			t.Errorf("%s is %q, want %q", label, got, want)
		}
	}
	v.fill("Name", strings.Repeat("x", 200))
	v.fill("About you", "Still here")
	v.press("Save")
	v.is(400)
	if got := v.value("About you"); got != "Still here" {
		t.Errorf("after an error, the bio is %q", got)
	}
	v.open("/authors/pat")
	v.sees("Pat O'Neil", "I write.")
	v.lacks("pat@example.com")
	v.checkQuiet()
}

func changePassword(t *testing.T, s blog) {
	v, other := s.visitor(t), s.visitor(t)
	v.register("pia")
	other.open("/login")
	other.logIn("pia", testkit.Password)
	v.follow("Account")
	v.fill("Current password", "wrong-one")
	v.fill("New password", "pass456")
	v.press("Change password")
	v.sees("Current password is wrong")
	v.fill("Current password", testkit.Password)
	v.fill("New password", "pass456")
	v.press("Change password")
	v.is(200)
	v.open("/new") // this session goes on
	v.sees("Title")
	other.open("/")
	if other.has("Log out") {
		t.Error("another session goes on with the old password")
	}
	v.press("Log out")
	v.open("/login")
	v.logIn("pia", testkit.Password)
	if v.has("Log out") {
		t.Error("the old password logs in")
	}
	v.logIn("pia", "pass456")
	if !v.has("Log out") {
		t.Errorf("the new password does not log in:\n%s", v.text())
	}
	v.checkQuiet()
}

func deleteAccount(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("leo")
	v.write("Leo was here", "Hello")
	post := v.path()
	v.follow("Account")
	v.fill("Password", "wrong-one")
	v.press("Delete account")
	v.sees("Password is wrong")
	v.fill("Password", testkit.Password)
	v.press("Delete account")
	v.is(200)
	if v.has("Log out") {
		t.Errorf("still logged in:\n%s", v.text())
	}
	v.open(post)
	v.sees("Leo was here", "Hello")
	v.open("/authors/leo")
	v.is(404)
	v.open("/login")
	v.logIn("leo", testkit.Password)
	if v.has("Log out") {
		t.Error("a deleted user logs in")
	}
	v.checkQuiet()
}

func endSessions(t *testing.T, s blog) {
	v, other := s.visitor(t), s.visitor(t)
	v.register("sue")
	other.open("/login")
	other.logIn("sue", testkit.Password)
	v.follow("Account")
	v.follow("Sessions")
	if n := strings.Count(v.text(), "(this one)"); n != 1 {
		t.Errorf("%d sessions are this one:\n%s", n, v.text())
	}
	buttons := v.find("End session", "button")
	if len(buttons) != 2 {
		t.Fatalf("there are %d sessions, want 2:\n%s", len(buttons), v.text())
	}
	for _, button := range buttons {
		if !strings.Contains(string(button.Description.Value), "(this one)") {
			v.click(button.BackendDOMNodeID)
			break
		}
	}
	v.is(200)
	if n := len(v.find("End session", "button")); n != 1 {
		t.Errorf("there are %d sessions after one has ended, want 1", n)
	}
	other.open("/")
	if other.has("Log out") {
		t.Error("the ended session goes on")
	}

	other.open("/login")
	other.logIn("sue", testkit.Password)
	token, _ := v.logInToTheAPI("sue")
	v.open("/account/sessions")
	v.press("End all sessions")
	v.is(200)
	for _, visitor := range []*visitor{v, other} {
		visitor.open("/")
		if visitor.has("Log out") {
			t.Error("a session goes on after all have ended")
		}
		visitor.checkQuiet()
	}
	if answer, err := s.server.do("GET", "/auth/me", token, ""); err != nil || answer.Status != 401 {
		t.Errorf("after all sessions have ended, the API says %v %v", answer.Status, err)
	}
}

func resetPassword(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("rita")
	token := v.resetToken("rita")
	stranger := s.visitor(t)
	stranger.open("/reset/" + token)
	stranger.is(200)
	stranger.sees("rita")
	stranger.fill("Password", "pass456")
	stranger.press("Change password")
	stranger.is(200)
	v.open("/")
	if v.has("Log out") {
		t.Error("a session goes on after a reset")
	}
	stranger.logIn("rita", "pass456")
	if !stranger.has("Log out") {
		t.Errorf("the new password does not log in:\n%s", stranger.text())
	}
	v.open("/reset/" + token)
	if v.lastDocument().Response.Status < 400 {
		t.Errorf("the link works twice:\n%s", v.text())
	}
	for _, visitor := range []*visitor{v, stranger} {
		visitor.checkQuiet()
	}
}

// resetToken returns the token in a link for a new password.
func (v *visitor) resetToken(username string) string {
	v.t.Helper()
	cmd := exec.Command(binary, "reset-link", username)
	cmd.Dir, cmd.Env = v.server.cmd.Dir, v.server.cmd.Env
	link, err := cmd.Output()
	if err != nil {
		v.t.Fatalf("reset-link: %v", err)
	}
	_, token, _ := strings.Cut(strings.TrimSpace(string(link)), "/reset/")
	return token
}
