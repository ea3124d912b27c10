package main

import (
	"github.com/spf13/cobra"

	"sterling/internal/handover"
)

func runCommand(e env) *cobra.Command {
	var path string
	var leashed bool
	cmd := &cobra.Command{
		Use:   "run -c FILE",
		Short: "Serve what a configuration file describes",
		Long: `Serve what a configuration file describes, until SIGTERM or SIGINT.

Signals:
  SIGHUP            read the configuration again; a bad file leaves the old one serving
  SIGUSR1           open the log files anew, after a rotation
  SIGUSR2           start the program anew, hand the sockets over, and stop once it serves
  SIGTERM, SIGINT   stop: finish what has begun, then end; another one,
                     a second or more after the first, ends at once`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := needConfig(path); err != nil {
				return err
			}
			if leashed {
				e.leash()
			}
			// First of all: a signal that comes while certificates are being
			// read must not kill the process.
			signals, stop := e.lifeSignals()
			defer stop()
			inherited, err := handover.Take()
			if err == nil {
				err = noCoreDumps()
			}
			if err != nil {
				return failed(err)
			}
			return inheritedFailure(inherited, serve(e, signals, start{path: path, inherited: inherited}))
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&leashed, leashFlag, false, "end at once when the standard input ends")
	_ = cmd.Flags().MarkHidden(leashFlag) // there is one
	return cmd
}
