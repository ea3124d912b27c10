package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"sterling/internal/config"
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

// loadConfig reads path and prints every error in it. Warnings are returned.
func loadConfig(e env, path string) (*config.Config, config.Problems, error) {
	cfg, problems := config.Load(path)
	if cfg == nil {
		printProblems(e.stderr, problems)
		return nil, nil, errSaid
	}
	return cfg, problems, nil
}

// printProblems prints one problem a line, in the order of the file.
func printProblems(w io.Writer, problems config.Problems) {
	problems.Sort()
	for _, p := range problems {
		_, _ = fmt.Fprintln(w, p)
	}
}
