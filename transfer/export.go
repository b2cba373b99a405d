package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// exportStore is what an export reads.
type exportStore interface {
	UserTable() models.Table[models.User]
	PostTable() models.Table[models.KeptPost]
	UserByID(ctx context.Context, id models.ID) (*models.User, error)
}

const (
	// publicFile and privateFile are the permissions of exported posts, and of exported users.
	publicFile, privateFile fs.FileMode = 0o644, 0o600
	// maxNames is how many authors an export remembers.
	maxNames = 10_000
	// usersFile and postsFile are the files of an export as JSON.
	usersFile, postsFile = "users.json", "posts.json"
)

// MakeExportDir makes the folder dir for an export, or takes an empty one that exists, and opens it.
func MakeExportDir(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: name a new folder", dir)
	}
	return os.OpenRoot(dir)
}

// ExportMarkdown writes each post to a Markdown file with front matter in dir, and returns how many it wrote. The name
// of a file begins with the slug of the title and ends with the id.
func ExportMarkdown(ctx context.Context, store exportStore, dir *os.Root, progress Progress) (posts int, err error) {
	names := map[models.ID]string{}
	return export(ctx, "posts", store.PostTable(), progress, func(p *models.KeptPost) error {
		author, err := authorName(ctx, store, p.AuthorID, names)
		if err != nil {
			return err
		}
		return writeFile(dir, path.Base(p.PagePath())+".md", formatMarkdown(&p.Post, author))
	})
}

// authorName returns the name of a user, "" if there is none. It keeps it in names.
func authorName(
	ctx context.Context, store exportStore, id models.ID, names map[models.ID]string,
) (name string, err error) {
	name, known := names[id]
	if known {
		return name, nil
	}
	u, err := store.UserByID(ctx, id)
	switch {
	case err == nil:
		name = u.Username
	case !errors.Is(err, models.ErrUserNotFound):
		return "", err
	}
	if len(names) >= maxNames {
		clear(names)
	}
	names[id] = name
	return name, nil
}

// writeFile creates a file.
func writeFile(dir *os.Root, name string, content []byte) error {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, publicFile)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// ExportJSON writes all users and posts to the files users.json and posts.json in dir, in the form of mongoexport: one
// document in Extended JSON a line. It returns how many it wrote. Only its owner can read users.json, which has email
// addresses, and, if withHashes is true, the hashes of the passwords.
func ExportJSON(
	ctx context.Context, store exportStore, dir *os.Root, withHashes bool, progress Progress,
) (users, posts int, err error) {
	users, err = exportLines(ctx, store.UserTable(), dir, usersFile, privateFile, progress,
		func(u *models.User) ([]byte, error) { return mongodb.FormatUser(u, withHashes) })
	if err != nil {
		return 0, 0, err
	}
	posts, err = exportLines(ctx, store.PostTable(), dir, postsFile, publicFile, progress,
		func(p *models.KeptPost) ([]byte, error) { return mongodb.FormatPost(&p.Post) })
	return users, posts, err
}

// exportLines writes each record of a table to a line of a new file.
func exportLines[T models.Record](
	ctx context.Context, table models.Table[T], dir *os.Root, name string, mode fs.FileMode, progress Progress,
	format func(*T) ([]byte, error),
) (records int, err error) {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriter(f)
	records, err = export(ctx, table.Name(), table, progress, func(record *T) error {
		line, err := format(record)
		if err != nil {
			return err
		}
		_, err = buffered.Write(append(line, '\n'))
		return err
	})
	return records, errors.Join(err, buffered.Flush())
}

// export passes each record of a table to write, in the order of ids.
func export[T models.Record](
	ctx context.Context, name string, table models.Table[T], progress Progress, write func(*T) error,
) (records int, err error) {
	total, err := table.Count(ctx)
	if err != nil {
		return 0, err
	}
	add := progress("writing "+name, total)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for rows := newStream(ctx, table, models.ID{}, retryFor); ; records++ {
		record, err := rows.peek()
		if err != nil {
			return records, fmt.Errorf("read %s: %w", name, err)
		}
		if record == nil {
			return records, nil
		}
		if err := write(rows.pop()); err != nil {
			return records, err
		}
		add(1)
	}
}
