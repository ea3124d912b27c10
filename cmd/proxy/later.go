package main

import "github.com/spf13/cobra"

// laterCommands are known by name, so that nobody takes them for a typing
// mistake, but do nothing yet and are not listed.
func laterCommands() []*cobra.Command {
	names := []string{"explain", "sessions", "report", "import"}
	commands := make([]*cobra.Command, 0, len(names))
	for _, name := range names {
		commands = append(commands, &cobra.Command{
			Use:                name,
			Short:              "Not supported yet",
			Hidden:             true,
			DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				return errLater
			},
		})
	}
	return commands
}
