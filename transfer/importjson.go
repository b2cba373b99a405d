package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// maxLine bounds the length of a line of JSON: the longest content fits, however it is escaped.
const maxLine = 2 << 20

// ImportJSON imports users.json and posts.json in dir, which have the form of mongoexport: one document in Extended
// JSON a line. One of them may be missing. It returns an error if it could not go through all lines; a line that is
// refused is none.
func ImportJSON(ctx context.Context, store importStore, dir *os.Root, options ImportOptions) error {
	i, err := newImporting(store, options)
	if err != nil {
		return err
	}
	found := 0
	for _, file := range []struct {
		name       string
		importLine func(ctx context.Context, line []byte) (Done, error)
	}{{usersFile, i.importUser}, {postsFile, i.importPostLine}} {
		f, err := openFile(dir, file.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found++
		if err != nil {
			err = i.report(file.name, "", refusal(err.Error()))
		} else {
			err = i.importLines(ctx, f, file.name, file.importLine)
		}
		if err != nil {
			return err
		}
	}
	if found == 0 {
		return fmt.Errorf("there is neither %s nor %s", usersFile, postsFile)
	}
	return nil
}

// importLines imports the lines of a file, and closes it.
func (i *importing) importLines(
	ctx context.Context, f *os.File, name string, importLine func(ctx context.Context, line []byte) (Done, error),
) error {
	defer f.Close()
	lines := bufio.NewReaderSize(f, maxLine)
	for number := 1; ; number++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && len(line) == 0 {
			continue
		}
		if bytes.HasPrefix(line, []byte{'['}) {
			return fmt.Errorf("%s is an array: export without --jsonArray, one document a line", name)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var done Done
		if err == nil {
			done, err = importLine(ctx, line)
		}
		if err := i.report(fmt.Sprintf("%s:%d", name, number), done, err); err != nil {
			return err
		}
	}
}

// readLine returns the next line without the space around it. It refuses a line that does not fit into the buffer of
// lines, and returns io.EOF after the last one.
func readLine(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err == nil || errors.Is(err, io.EOF) {
			return nil, refusef("it is longer than %d MiB", lines.Size()>>20)
		}
	}
	if errors.Is(err, io.EOF) && len(line) > 0 { // the last line need not end with a line break
		err = nil
	}
	return bytes.TrimSpace(line), err
}

// importPostLine imports a post. If nobody has the id of its author, it has no author, as if the account was deleted.
func (i *importing) importPostLine(ctx context.Context, line []byte) (Done, error) {
	p, err := mongodb.ParsePost(line)
	if err != nil {
		return "", refusal(err.Error())
	}
	in := &incoming{Post: *p, namesAuthor: true}
	if !p.UpdatedAt.Equal(p.CreatedAt) {
		in.lastmod = p.UpdatedAt
	}
	return i.importPost(ctx, in)
}

// userRules are the rules of the API for an account.
type userRules struct {
	Username string `json:"username" validate:"required,username"`
	Email    string `json:"email" validate:"email"`
	Name     string `json:"name" validate:"name"`
	Bio      string `json:"bio" validate:"bio"`
}

// profile returns what an import compares of an account.
func profile(u *models.User) userRules { return userRules{u.Username, u.Email, u.Name, u.Bio} }

// importUser creates an account. It changes none, and makes nobody an admin.
func (i *importing) importUser(ctx context.Context, line []byte) (Done, error) {
	u, err := mongodb.ParseUser(line)
	if err != nil {
		return "", refusal(err.Error())
	}
	if err := i.check(profile(u)); err != nil {
		return "", err
	}
	if _, err := bcrypt.Cost([]byte(u.PasswordHash)); err != nil && u.PasswordHash != "" {
		return "", refusef("password must be a bcrypt hash")
	}
	if u.CreatedAt.Unix() < 0 || u.CreatedAt.After(i.Now) {
		return "", refusef("createdAt must be a time since 1970 that has come")
	}
	u.Role, u.PasswordVersion, u.CreatedAt = models.RoleUser, 0, models.StoredTime(u.CreatedAt)
	there, err := i.store.UserByID(ctx, u.ID)
	switch {
	case err == nil && profile(there) == profile(u):
		return Unchanged, nil
	case err == nil:
		return "", refusef("the account %s (%s) is another one now, and no import changes accounts",
			u.ID.Hex(), there.Username)
	case !errors.Is(err, models.ErrUserNotFound):
		return "", err
	}
	err = i.store.UserTable().Insert(ctx, []models.User{*u})
	if errors.Is(err, models.ErrDuplicate) {
		return "", refusef("the username %s or its email address is taken", u.Username)
	}
	return Created, err
}
