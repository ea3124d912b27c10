package main

import (
	"github.com/spf13/cobra"
)

// run is the whole program but for the end of its process: it returns the exit
// code.
func run(args []string, e env) int {
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	cmd, err := root.ExecuteC()
	return e.exitCode(cmd, err)
}

func newRoot(e env) *cobra.Command {
	asked := false
	root := &cobra.Command{
		Use:   "sterling",
		Short: "An HTTPS front door that keeps every visitor on the server that knows them",
		Long: `Sterling is an HTTPS front door that keeps every visitor on the server that knows them.

To see it at work, without a file:   sterling demo
To run it:                           sterling run -c sterling.toml`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              noCommand(elsewhere),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asked {
				return printVersion(e.stdout)
			}
			cmd.SetOut(e.stderr)
			_ = cmd.Help() // nothing can be done about a stderr that is gone
			return usage("no command given", "")
		},
	}
	root.Flags().BoolVar(&asked, "version", false, "as the command version")
	root.AddCommand(
		runCommand(e),
		checkCommand(e),
		demoCommand(e),
		proveCommand(e),
		reloadCommand(e),
		statusCommand(e),
		drainCommand(e),
		disableCommand(e),
		enableCommand(e),
		weightCommand(e),
		certsCommand(e),
		keysCommand(e),
		versionCommand(e),
		healthcheckCommand(e),
		demoBackendCommand(e),
		proveBackendCommand(e),
	)
	root.AddCommand(laterCommands()...)
	return root
}
