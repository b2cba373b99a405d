package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gin-blog/internal/transfer"
)

// copyBetweenStores copies everything from one store to another.
func copyBetweenStores(ctx context.Context, in call) (err error) {
	from, err := parseAddress(in.args[0])
	if err != nil {
		return err
	}
	to, err := parseAddress(in.args[1])
	if err != nil {
		return err
	}
	for _, a := range []address{from, to} {
		if a.mongo != nil {
			in.warn(a.mongo.Warnings...)
		}
	}
	if from.String() == to.String() {
		return fmt.Errorf("%s is both source and target", from)
	}
	source, err := from.openSource(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close(context.WithoutCancel(ctx))) }()
	target, err := to.openTarget(ctx)
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close(context.WithoutCancel(ctx))) }()

	bars := &progressBars{to: in.stdout}
	counts, leftOut, err := transfer.Copy(ctx, source, target, from.String(), bars.begin)
	bars.finish()
	switch {
	case errors.Is(err, transfer.ErrIncomplete):
		return fmt.Errorf("%w. Stop every server on both sides. %s Then run the same command again", err, to.howToEmpty())
	case err != nil:
		return err
	}
	return reportCopy(in, from, to, counts, leftOut)
}

// reportCopy says what was copied.
func reportCopy(in call, from, to address, counts []transfer.Count, leftOut []string) error {
	var text strings.Builder
	for _, c := range counts {
		fmt.Fprintf(&text, "%-9s %d on both sides, SHA-256 %s\n", c.Name, c.Records, c.Checksum)
	}
	if len(leftOut) > 0 {
		fmt.Fprintf(&text, "left out: records of another program in %s, whose _id is no ObjectID\n",
			strings.Join(leftOut, ", "))
	}
	fmt.Fprintf(&text, "%s is a copy of %s\n", to, from)
	text.WriteString("Sessions and tokens stay valid on it if its server has the same secrets:\n" +
		"SECRET_KEY and REFRESH_SECRET, or the files secret_key and refresh_secret in DATA_DIR.\n")
	_, err := in.stdout.Write([]byte(text.String()))
	return err
}
