package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sterling/internal/config"
)

func checkCommand(e env) *cobra.Command {
	var (
		path   string
		strict bool
	)
	cmd := &cobra.Command{
		Use:   "check -c FILE",
		Short: "Find every problem of a configuration file",
		Long: `Find every problem of a configuration file and of the files that it names.

One line a problem: file:line: key: problem; hint. No backend is contacted.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := needConfig(path); err != nil {
				return err
			}
			return check(e, path, strict)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on warnings too")
	return cmd
}

func check(e env, path string, strict bool) error {
	cfg, problems := examine(path)
	printProblems(e.stderr, problems)
	if problems.Errors() > 0 || strict && problems.Warnings() > 0 {
		return errSaid
	}
	_, err := fmt.Fprintf(e.stdout, "%s: good (%s)%s\n", path, contents(cfg), warned(problems.Warnings()))
	return failed(err)
}

// contents sums up a configuration in one line.
func contents(cfg *config.Config) string {
	backends := 0
	for _, p := range cfg.Pools {
		backends += len(p.Backends)
	}
	return strings.Join([]string{
		count(len(cfg.Listeners), "listener"),
		count(len(cfg.Routes), "route"),
		count(len(cfg.Pools), "pool"),
		count(backends, "backend"),
	}, ", ")
}

func warned(n int) string {
	if n == 0 {
		return ""
	}
	return ", with " + count(n, "warning")
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
