package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sterling/internal/admin"
)

func reloadCommand(e env) *cobra.Command {
	var at remote
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make a running process read its configuration again",
		Long: `Make a running process read its configuration again, and say what changed.

The process reads the file that it was started with. With -c, that must be the
file named, or nothing is reloaded. When the file is bad, every
problem is printed and the old configuration goes on serving.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := at.client(e)
			if err != nil {
				return err
			}
			file, err := at.itsFile(cmd.Context(), client)
			if err != nil {
				return explainRefusal(e, err)
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
			_, err = fmt.Fprintf(e.stdout, "reloaded %s: generation %d, %s\n", file, report.Generation, count(len(report.Changes), "change"))
			return failed(err)
		},
	}
	at.flags(cmd)
	return cmd
}

// itsFile is the file that the process reads. It is an error where -c names the
// process by another one: a reload would take up nothing of that.
func (r *remote) itsFile(ctx context.Context, client *admin.Client) (string, error) {
	status, err := client.Status(ctx)
	if err != nil || r.config == "" || r.named || status.File == "" {
		return status.File, err
	}
	if sameFile(r.config, status.File) {
		return status.File, nil
	}
	return "", fmt.Errorf("not reloaded: the process at %s reads %s, not %s; name the process with --admin %s alone, or start one with that file",
		r.address, status.File, r.config, r.address)
}

func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	if errOne == nil && errOther == nil {
		return os.SameFile(one, other)
	}
	whole, err := filepath.Abs(a)
	return err == nil && whole == b
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
