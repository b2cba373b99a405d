package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"gin-blog/blog"
	"gin-blog/config"
	"gin-blog/internal/transfer"
)

func importOptions(c *call, f *flag.FlagSet) { f.StringVar(&c.author, "author", "", "") }

// importFiles reads the files of a folder into the store that the settings name.
func importFiles(ctx context.Context, in call) error {
	return in.withStore(ctx, func(c *config.Config, s store) error {
		counts := map[blog.Outcome]int{}
		report := func(r transfer.Result) {
			counts[r.Done]++
			if r.Done == transfer.PassedOver {
				return
			}
			line := fmt.Sprintf("%-9s %s", r.Done, r.File)
			if r.Why != "" {
				line += ": " + r.Why
			}
			fmt.Fprintln(in.stdout, printable(line))
		}
		b := blog.New(blog.Options{Store: s, Now: time.Now})
		if err := transfer.Import(ctx, b, in.args[0], in.author, report); err != nil {
			return fmt.Errorf("import: %w", err)
		}
		return summarize(in, counts, placeOf(c))
	})
}

// summarize says how many posts an import created, changed and so on. It returns an error if it refused any.
func summarize(in call, counts map[blog.Outcome]int, where place) error {
	var parts []string
	for _, done := range []blog.Outcome{
		blog.Created, blog.Updated, blog.Unchanged, transfer.Skipped, transfer.Refused,
	} {
		parts = append(parts, fmt.Sprintf("%d %s", counts[done], done))
	}
	line := fmt.Sprintf("%s in the %s", strings.Join(parts, ", "), where)
	if n := counts[transfer.PassedOver]; n > 0 {
		line += fmt.Sprintf("; %d other files were passed over", n)
	}
	if _, err := fmt.Fprintln(in.stdout, line); err != nil {
		return err
	}
	if n := counts[transfer.Refused]; n > 0 {
		return fmt.Errorf("import: %d of the files above were refused", n)
	}
	return nil
}
