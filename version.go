package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is what the Go tool stamped into the binary: a tag, a pseudo-version, or "(devel)".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return cmp.Or(info.Main.Version, "(devel)")
}

// buildVersion is the line that "gin-blog version" prints.
func buildVersion() string {
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return fmt.Sprintf("gin-blog %s, commit %s, %s %s/%s", version(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
