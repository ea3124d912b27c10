package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the linker for a released binary:
// -ldflags "-X main.release=v1.2.3".
var release string

func versionCommand(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the revision and the Go release it was built with",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			return printVersion(e.stdout)
		},
	}
}

func printVersion(w io.Writer) error {
	_, err := fmt.Fprintf(w, "sterling %s\nrevision %s\n%s %s/%s\n", version(), revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return failed(err)
}

// version is what this binary calls itself; "devel" when nobody named it.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// revision is the commit it was built from, as far as the build knew it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " with changes"
		}
	}
	return rev + dirty
}
