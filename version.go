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

// revision is the commit that the binary was built from, or "unknown".
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

// buildVersion is the line that "gin-blog version" prints.
func buildVersion() string {
	return fmt.Sprintf("gin-blog %s, commit %s, %s %s/%s", version(), revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
