package cli

import (
	"context"
	"fmt"

	"gin-blog/config"
	"gin-blog/internal/transfer"
)

// export writes the posts of the store that the settings name to files in a new folder.
func export(ctx context.Context, in call) error {
	return in.withStore(ctx, func(c *config.Config, s store) error {
		begin, finish := showProgress(in.stdout)
		posts, err := transfer.Export(ctx, s, in.args[0], begin)
		finish()
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		_, err = fmt.Fprintf(in.stdout, "%d posts of the %s are in %s\n", posts, placeOf(c), in.args[0])
		return err
	})
}
