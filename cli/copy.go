package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gin-blog/config"
	"gin-blog/internal/transfer"
	"gin-blog/models"
)

// copyBetweenStores copies everything from one store to another.
func copyBetweenStores(ctx context.Context, in call) error {
	from, err := in.parsePlace(in.args[0])
	if err != nil {
		return err
	}
	to, err := in.parsePlace(in.args[1])
	if err != nil {
		return err
	}
	if from.address() == to.address() {
		return fmt.Errorf("%s is both source and target", from.address())
	}
	return from.open(ctx, models.ToCopyFrom, func(source store) error {
		return to.open(ctx, models.ToCopyTo, func(target store) error {
			begin, finish := showProgress(in.stdout)
			counts, leftOut, err := transfer.Copy(ctx, source, target, from.address(), begin)
			finish()
			if errors.Is(err, transfer.ErrIncomplete) {
				return fmt.Errorf("%w. Stop every server on both sides. %s Then run the same command again",
					err, to.howToEmpty())
			}
			if err != nil {
				return err
			}
			return reportCopy(in, from, to, counts, leftOut)
		})
	})
}

// parsePlace reads sqlite:FILE, or the address of a MongoDB database, as MONGO_URI has it. It warns of options in it
// that have no effect.
func (c call) parsePlace(address string) (p place, err error) {
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok && file != "" {
		if p.file, err = filepath.Abs(file); err != nil {
			return place{}, fmt.Errorf("%s: %w", address, err)
		}
		if target, err := filepath.EvalSymlinks(p.file); err == nil {
			p.file = target
		}
		return p, nil
	}
	if !strings.HasPrefix(address, "mongodb://") && !strings.HasPrefix(address, "mongodb+srv://") {
		return place{}, usageError("a store is named sqlite:FILE or mongodb://HOST/DATABASE")
	}
	if p.mongo, err = config.ParseMongoURI(address, ""); err != nil {
		return place{}, fmt.Errorf("the address of MongoDB is malformed: it %w", err)
	}
	c.warn(p.mongo.Warnings...)
	return p, nil
}

// address returns the place as the command line names it, without user, password and options.
func (p place) address() string {
	if p.mongo != nil {
		return p.mongo.Scheme + p.mongo.Hosts + "/" + p.mongo.Database
	}
	return "sqlite:" + p.file
}

// howToEmpty says how to remove what a copy has left.
func (p place) howToEmpty() string {
	if p.mongo != nil {
		return "Drop the collections users, sessions, posts, comments, drafts and copySource of the database " +
			p.mongo.Database + "."
	}
	return fmt.Sprintf("Delete the files %[1]s, %[1]s-wal and %[1]s-shm.", p.file)
}

// reportCopy says what was copied.
func reportCopy(in call, from, to place, counts []transfer.Count, leftOut []string) error {
	var text strings.Builder
	for _, c := range counts {
		fmt.Fprintf(&text, "%-9s %d on both sides, SHA-256 %s\n", c.Name, c.Records, c.Checksum)
	}
	if len(leftOut) > 0 {
		fmt.Fprintf(&text, "left out: records of another program in %s, whose _id is no ObjectID\n",
			strings.Join(leftOut, ", "))
	}
	fmt.Fprintf(&text, "%s is a copy of %s\n", to.address(), from.address())
	text.WriteString("Sessions and tokens stay valid on it if its server has the same secrets:\n" +
		"SECRET_KEY and REFRESH_SECRET, or the files secret_key and refresh_secret in DATA_DIR.\n")
	_, err := io.WriteString(in.stdout, text.String())
	return err
}
