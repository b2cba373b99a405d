package cli

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// printVersion prints what was built: version, commit, Go version and platform.
func printVersion(_ context.Context, in call) error {
	_, err := fmt.Fprintf(in.stdout, "gin-blog %s, commit %s, %s %s/%s\n",
		version(), revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version returns the version that the Go tool stamped into the binary: a tag, a pseudo-version, or "(devel)".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return cmp.Or(info.Main.Version, "(devel)")
}

// revision returns the commit that the binary was built from, or "unknown".
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}
