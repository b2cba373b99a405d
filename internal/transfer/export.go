package transfer

import (
	"context"
	"fmt"
	"os"
	"path"

	"gin-blog/internal/urls"
	"gin-blog/models"
)

// exportPage is how many posts an export reads at a time. They may be long.
const exportPage = 20

// Export writes each post to a Markdown file with front matter in dir, and returns how many it wrote. It makes dir, or
// takes an empty one that exists. The name of a file is the date, which Jekyll needs there, the slug of the title, and
// the id.
func Export(ctx context.Context, store models.Store, dir string, progress Progress) (posts int, err error) {
	root, err := makeExportDir(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	total, err := store.PostTable().Count(ctx)
	if err != nil {
		return 0, err
	}
	add := progress("writing posts", total)
	filter := models.PostFilter{Limit: exportPage}
	for more := true; more; {
		var page []models.Post
		if page, more, err = store.Posts(ctx, filter); err != nil {
			return posts, err
		}
		for i := range page {
			if ctx.Err() != nil { // not every store looks at it for a short query
				return posts, ctx.Err()
			}
			file := page[i].CreatedAt.UTC().Format("2006-01-02-") + path.Base(urls.Post(page[i].ID, page[i].Title)) + ".md"
			if err := root.WriteFile(file, formatMarkdown(&page[i]), 0o644); err != nil {
				return posts, err
			}
			posts++
			add(1)
			filter.After = page[i].ID
		}
	}
	return posts, nil
}

func makeExportDir(dir string) (*os.Root, error) {
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
