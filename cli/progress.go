package cli

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// newProgressBar returns a bar for so many rows. It is shown on terminals only.
func newProgressBar(description string, rows int, w io.Writer) *progressbar.ProgressBar {
	return progressbar.NewOptions(rows,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(description),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(isTerminal(w)))
}
