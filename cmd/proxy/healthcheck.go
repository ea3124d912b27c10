package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// probeTimeout is shorter than a container engine's own.
const probeTimeout = 3 * time.Second

// healthcheckCommand is for container engines, whose image holds no other
// program that could ask.
func healthcheckCommand(e env) *cobra.Command {
	var at remote
	cmd := &cobra.Command{
		Use:    "healthcheck",
		Short:  "Exit 0 when a running process welcomes new connections, 1 when not",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := at.client(e)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), probeTimeout)
			defer cancel()
			return explainRefusal(e, client.Ready(ctx))
		},
	}
	at.flags(cmd)
	return cmd
}
