package e2e

import (
	"strings"
	"testing"

	"gin-blog/internal/testkit"
)

// comment writes a comment on the post that is open.
func (v *visitor) comment(text string) {
	v.t.Helper()
	v.fill("Your comment", text)
	v.press("Comment")
	v.is(200)
}

// commentOnAPost writes, edits and deletes comments, as their author, as the author of the post and as a visitor.
func commentOnAPost(t *testing.T, s blog) {
	author := s.visitor(t)
	author.register("olga")
	author.write("What do you think?", "Hello")
	path := author.path()

	reader := s.visitor(t)
	reader.open(path)
	reader.sees("There are no comments yet.")
	if reader.has("Comment") {
		t.Error("a visitor has the button to comment")
	}
	reader.register("otto")
	reader.open(path)
	reader.comment("I like **it**\n\n<b>a lot</b>")
	reader.sees("otto", "I like it", "<b>a lot</b>")
	if !strings.HasPrefix(reader.path(), path) {
		t.Errorf("after the comment, the address is %s", reader.path())
	}
	reader.follow("Edit comment")
	if got := reader.value("Your comment"); got != "I like **it**\n\n<b>a lot</b>" {
		t.Errorf("the editor has %q", got)
	}
	reader.fill("Your comment", "I like it less now")
	reader.press("Save")
	reader.is(200)
	reader.sees("I like it less now")

	author.open(path)
	author.sees("otto", "I like it less now")
	if author.has("Edit comment") {
		t.Error("the author of the post may edit the comment of somebody else")
	}
	author.comment("Then I delete it")
	author.open(path)
	author.follow("Delete comment") // the first one
	author.sees("Delete a comment by otto", "I like it less now")
	author.press("Delete")
	author.is(200)
	author.sees("Then I delete it")
	author.lacks("I like it less now")
	for _, v := range []*visitor{author, reader} {
		v.checkQuiet()
	}
}

// commentThroughErrors: what was typed stays after an error, after the end of the session, and after a double click.
func commentThroughErrors(t *testing.T, s blog) {
	v := s.visitor(t)
	v.register("emma")
	v.write("Discussed", "Hello")
	path := v.path()
	long := strings.Repeat("long ", 1001)
	v.fill("Your comment", long)
	v.press("Comment")
	v.is(400)
	v.sees("Your comment must have 1 to 5000 characters")
	if got := v.value("Your comment"); got != long {
		t.Errorf("after the error, the text has %d bytes", len(got))
	}
	v.fill("Your comment", "Shorter")
	v.press("Comment")
	v.is(200)
	v.goBack()
	v.fill("Your comment", "From the same page")
	v.press("Comment")
	v.is(409)
	v.press("Comment")
	v.is(200)
	v.sees("Shorter", "From the same page")

	token, _ := v.logInToTheAPI("emma")
	v.open(path)
	if answer, err := v.server.do("DELETE", "/auth/sessions", token, ""); err != nil || answer.Status != 204 {
		t.Fatalf("end all sessions: %v, %+v", err, answer)
	}
	v.fill("Your comment", "Typed while the session ended")
	v.press("Comment")
	v.is(403)
	v.fill("Username", "emma")
	v.fill("Password", testkit.Password)
	v.press("Log in")
	v.is(200)
	v.press("Comment")
	v.is(200)
	v.sees("Typed while the session ended")
	v.checkRequests(t, v.origin)
}
