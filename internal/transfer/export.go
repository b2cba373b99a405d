package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"gin-blog/models"
)

// exportStore is what an export reads.
type exportStore interface {
	PostTable() models.Table[models.KeptPost]
	UserByID(ctx context.Context, id models.ID) (*models.User, error)
}

// maxNames is how many authors an export remembers.
const maxNames = 10_000

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

// Export writes each post to a Markdown file with front matter in dir, and returns how many it wrote. The name of a
// file begins with the slug of the title and ends with the id.
func Export(ctx context.Context, store exportStore, dir *os.Root, progress Progress) (posts int, err error) {
	table, names := store.PostTable(), map[models.ID]string{}
	total, err := table.Count(ctx)
	if err != nil {
		return 0, err
	}
	add := progress("writing posts", total)
	err = eachBatch(ctx, table, func(batch []models.KeptPost) error {
		for i := range batch {
			p := &batch[i].Post
			author, err := authorName(ctx, store, p.AuthorID, names)
			if err != nil {
				return err
			}
			if err := writeFile(dir, path.Base(p.PagePath())+".md", formatMarkdown(p, author)); err != nil {
				return err
			}
			posts++
			add(1)
		}
		return nil
	})
	return posts, err
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
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
