package cli

import (
	"context"
	"errors"
	"fmt"

	"gin-blog/internal/transfer"
	"gin-blog/models"
)

// bulkStore is a store that can be exported.
type bulkStore interface {
	models.Store
	models.Bulk
}

// export writes the posts of the store that the settings name to files in a new folder.
func export(ctx context.Context, in call) (err error) {
	dir := in.args[0]
	return in.withBulkStore(ctx, func(store bulkStore, where string) (err error) {
		root, err := transfer.MakeExportDir(dir)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		defer func() { err = errors.Join(err, root.Close()) }()
		bars := &progressBars{to: in.stdout}
		defer bars.finish()
		posts, err := transfer.Export(ctx, store, root, bars.begin)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		bars.finish()
		_, err = fmt.Fprintf(in.stdout, "%d posts of the %s are in %s\n", posts, where, dir)
		return err
	})
}

// withBulkStore runs a command on the store that the settings name, which must exist. where says where it is.
func (c call) withBulkStore(ctx context.Context, run func(store bulkStore, where string) error) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	if settings.MongoURI == "" {
		if err := requireFile(settings); err != nil {
			return err
		}
	}
	return withStore(ctx, settings, func(store models.Store) error {
		return run(store.(bulkStore), describeStore(settings))
	})
}
