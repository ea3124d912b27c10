package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sterling/internal/config"
	"sterling/proxy"
)

// configFlag adds -c to a command.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "the configuration `FILE`")
}

func needConfig(path string) error {
	if path == "" {
		return usage("no configuration file", "name one with -c FILE")
	}
	return nil
}

// examine reads path and finds every problem of it and of the files that it
// names, and what further looks find. The configuration is nil when there is an
// error.
func examine(path string, further ...func(*config.Config) config.Problems) (*config.Config, config.Problems) {
	cfg, problems := config.Draft(path)
	if cfg == nil {
		return nil, problems
	}
	problems = append(problems, beyond(problems, config.CheckFiles(cfg))...)
	problems = append(problems, beyond(problems, proxy.Check(cfg))...)
	for _, look := range further {
		found := beyond(problems, look(cfg))
		problems = append(overtaken(problems, found), found...)
	}
	problems.Sort()
	if problems.Errors() > 0 {
		return nil, problems
	}
	return cfg, problems
}

// beyond leaves out of what was found later the faults of keys at which, or
// within which, one has been named already: they are the same, or follow from it.
func beyond(named, later config.Problems) config.Problems {
	return slices.DeleteFunc(later, func(l config.Problem) bool {
		return slices.ContainsFunc(named, func(n config.Problem) bool {
			return !n.Warning && (n.Key == l.Key || strings.HasPrefix(n.Key, l.Key+"."))
		})
	})
}

// overtaken leaves out the warnings of keys of which an error has been found since.
func overtaken(named, later config.Problems) config.Problems {
	return slices.DeleteFunc(named, func(n config.Problem) bool {
		return n.Warning && slices.ContainsFunc(later, func(l config.Problem) bool { return !l.Warning && l.Key == n.Key })
	})
}

// loadConfig reads path for a command that needs something of it, and prints
// its problems when it cannot be used.
func loadConfig(e env, path string) (*config.Config, error) {
	cfg, problems := config.Load(path)
	if cfg == nil {
		printProblems(e.stderr, problems)
		return nil, errSaid
	}
	return cfg, nil
}

// printProblems prints one problem a line.
func printProblems(w io.Writer, problems config.Problems) {
	for _, p := range problems {
		_, _ = fmt.Fprintln(w, p)
	}
}
