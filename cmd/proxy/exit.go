package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes of every command.
const (
	exitGood   = 0
	exitFailed = 1 // it did not work, or the configuration is bad
	exitUsage  = 2 // the command line is wrong
)

// failure is an error whose exit code is 1. Everything else that a command
// returns is a wrong command line, as cobra's own errors are.
type failure struct {
	err error // nil: everything has been said
}

func (f *failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

var (
	// errSaid ends a command whose problems have been printed.
	errSaid = &failure{}
	// errLater ends a command that does nothing yet.
	errLater = errors.New("not supported yet")
)

func failed(err error) error {
	if err == nil {
		return nil
	}
	return &failure{err: err}
}

func usage(problem, hint string) error {
	if hint == "" {
		return errors.New(problem)
	}
	return fmt.Errorf("%s; %s", problem, hint)
}

// exitCode prints what err has to say and turns it into the process's exit code.
func (e env) exitCode(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitGood
	}
	var f *failure
	if errors.As(err, &f) {
		if f.err != nil {
			_, _ = fmt.Fprintf(e.stderr, "%s: %v\n", cmd.CommandPath(), f.err)
		}
		return exitFailed
	}
	text := strings.TrimSpace(err.Error())
	_, _ = fmt.Fprintf(e.stderr, "%s: %s\n", cmd.CommandPath(), text)
	if errors.Is(err, errLater) {
		return exitUsage
	}
	_, _ = fmt.Fprintf(e.stderr, "Try %q.\n", cmd.CommandPath()+" --help")
	return exitUsage
}
