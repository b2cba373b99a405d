package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"gin-blog/models"
	"gin-blog/transfer"
)

// bulkStore is a store that can be exported.
type bulkStore interface {
	models.Store
	models.Bulk
}

// export writes the posts of the store that the settings name to files in a new folder.
func export(ctx context.Context, in call) (err error) {
	var asJSON, withHashes bool
	dir, err := in.parseFolder("export", func(flags *flag.FlagSet) {
		flags.BoolVar(&asJSON, "json", false, "")
		flags.BoolVar(&withHashes, "hashes", false, "")
	})
	if err != nil {
		return err
	}
	if withHashes && !asJSON {
		return usageError("export: -hashes goes with -json, which has users")
	}
	return in.withBulkStore(ctx, func(store bulkStore, where string) (err error) {
		root, err := transfer.MakeExportDir(dir)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		defer func() { err = errors.Join(err, root.Close()) }()
		bars := &progressBars{to: in.stdout}
		defer bars.finish()
		if !asJSON {
			posts, err := transfer.ExportMarkdown(ctx, store, root, bars.begin)
			if err != nil {
				return fmt.Errorf("export: %w", err)
			}
			bars.finish()
			_, err = fmt.Fprintf(in.stdout, "%d posts of the %s are in %s\n", posts, where, dir)
			return err
		}
		users, posts, err := transfer.ExportJSON(ctx, store, root, withHashes, bars.begin)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		bars.finish()
		_, err = fmt.Fprintf(in.stdout, "%d users and %d posts of the %s are in %s\n", users, posts, where, dir)
		return err
	})
}

// parseFolder parses the options that define declares, and returns the one argument that follows them.
func (c call) parseFolder(command string, define func(*flag.FlagSet)) (dir string, err error) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	define(flags)
	if err := flags.Parse(c.args); err != nil {
		return "", usageError(command + ": " + err.Error())
	}
	if flags.NArg() != 1 {
		return "", usageError(fmt.Sprintf("%s: got %d arguments after the options, want a folder", command, flags.NArg()))
	}
	return flags.Arg(0), nil
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
