package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sterling/internal/admin"
)

func reloadCommand(e env) *cobra.Command {
	var at remote
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make a running process read its configuration again",
		Long: `Make a running process read its configuration again, and say what changed.

The process reads the file that it was started with. When the file is bad, every
problem is printed and the old configuration goes on serving.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := at.client(e)
			if err != nil {
				return err
			}
			report, err := client.Reload(cmd.Context())
			if err != nil {
				return notReloaded(e, err)
			}
			for _, line := range report.Changes {
				_, _ = fmt.Fprintln(e.stdout, line)
			}
			for _, line := range report.Restart {
				_, _ = fmt.Fprintln(e.stdout, "restart to apply:", line)
			}
			for _, line := range report.Kept {
				_, _ = fmt.Fprintln(e.stdout, line)
			}
			_, err = fmt.Fprintf(e.stdout, "reloaded: generation %d, %s\n", report.Generation, count(len(report.Changes), "change"))
			return failed(err)
		},
	}
	at.flags(cmd)
	return cmd
}

// notReloaded is explainRefusal, but for a file with faults, which are printed.
func notReloaded(e env, err error) error {
	var refusal *admin.Refusal
	if !errors.As(err, &refusal) || len(refusal.Problems) == 0 {
		return explainRefusal(e, err)
	}
	return explainRefusal(e, &admin.Refusal{
		Problem: "not reloaded; the old configuration still serves", Problems: refusal.Problems,
	})
}
