package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// elsewhere are words that other programs have for what is done otherwise here.
var elsewhere = map[string]string{
	"validate": `use "sterling check -c FILE"`, "configtest": `use "sterling check -c FILE"`, "test": `use "sterling check -c FILE"`,
	"start": `use "sterling run -c FILE"`, "serve": `use "sterling run -c FILE"`,
	"stop": "send SIGTERM to the process", "shutdown": "send SIGTERM to the process", "quit": "send SIGTERM to the process",
	"restart": "send SIGUSR2 to the process: it starts the program anew, without losing a request",
	"upgrade": "send SIGUSR2 to the process: it starts the program anew, without losing a request",
	"reopen":  "send SIGUSR1 to the process", "rotate": "send SIGUSR1 to the process, after the logs were renamed",
}

// rotateKeys is what "sterling keys rotate" would do.
const rotateKeys = `use "sterling keys add" and "sterling reload", and "sterling keys drop" later`

// noCommand wants no argument to a command that has others below it: one would be
// the name of a command.
func noCommand(others map[string]string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := others[args[0]]
		if hint == "" {
			if cmd.SuggestionsMinimumDistance <= 0 {
				cmd.SuggestionsMinimumDistance = 2
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+near[0])
			}
		}
		return usage(fmt.Sprintf("unknown command %q", args[0]), hint)
	}
}

// noArguments wants none. Who gives one means a file, most likely.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	problem := fmt.Sprintf("unexpected argument %q", args[0])
	if f := cmd.Flags().Lookup("config"); f == nil || f.Changed {
		return usage(problem, "")
	}
	return usage(problem, "name the file with -c: "+cmd.CommandPath()+" -c "+args[0])
}

// oneBackend wants POOL/BACKEND and as many further arguments as are named.
func oneBackend(further ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1+len(further) {
			return nil
		}
		want := "write POOL/BACKEND, such as app/b2"
		if len(further) > 0 {
			want += ", and " + strings.Join(further, ", ")
		}
		switch n := len(args); {
		case n == 0:
			return usage("no backend is named", want)
		case n == 2 && !slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "/") }):
			return usage(fmt.Sprintf("%q names no backend", args[0]), want)
		default:
			return usage(fmt.Sprintf("there are %d arguments, not %d", n, 1+len(further)), want)
		}
	}
}

// numberAsFlag says of a negative number, which looks like a flag, what is wanted.
func numberAsFlag(hint string) func(*cobra.Command, error) error {
	return func(_ *cobra.Command, err error) error {
		rest, ok := strings.CutPrefix(err.Error(), "unknown shorthand flag: '")
		if _, number, found := strings.Cut(rest, "' in "); ok && found && rest[0] >= '0' && rest[0] <= '9' {
			return usage(fmt.Sprintf("%q is no weight", number), hint)
		}
		return err
	}
}
