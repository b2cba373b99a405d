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

// progressBars shows one bar after the other.
type progressBars struct {
	to  io.Writer
	bar *progressbar.ProgressBar
}

// begin is a transfer.Progress.
func (p *progressBars) begin(step string, records int) (add func(records int)) {
	p.finish()
	bar := newProgressBar(step, records, p.to)
	p.bar = bar
	return func(n int) { _ = bar.Add(n) }
}

// finish takes away the last bar.
func (p *progressBars) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
