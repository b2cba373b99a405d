package cli

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"gin-blog/internal/transfer"
)

// showProgress returns a function that begins a bar, which takes the place of the one before, and a function that takes
// away the last one. Bars are shown on terminals only.
func showProgress(w io.Writer) (begin transfer.Progress, finish func()) {
	bar := progressbar.DefaultSilent(0)
	finish = func() { _ = bar.Finish() }
	begin = func(step string, records int) (add func(records int)) {
		finish()
		bar = progressbar.NewOptions(records,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription(step),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetVisibility(isTerminal(w)))
		return func(n int) { _ = bar.Add(n) }
	}
	return begin, finish
}
