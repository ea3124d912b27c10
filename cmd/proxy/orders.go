package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sterling/internal/admin"
	"sterling/proxy"
)

func drainCommand(e env) *cobra.Command {
	var (
		at      remote
		mode    string
		quiet   time.Duration
		timeout time.Duration
		force   bool
		wait    bool
	)
	cmd := &cobra.Command{
		Use:   "drain POOL/BACKEND",
		Short: "Let a backend have no new visitors",
		Long: `Let a backend have no new visitors, and say when it can be stopped.

What becomes of the visitors that it knows, by --mode:
  keep        they stay until they are idle for longer than the pool's affinity.idle
  when-idle   one who was silent for --quiet moves when he returns
  now         each moves with his next request; websockets are told to go

After --timeout those that are left move, whatever the mode. The order is on
disk when the command returns, and outlives reloads, restarts and upgrades of
the front door; "sterling enable" takes it back. With --wait, the command shows
what is left, and ends when the backend is safe to stop.`,
		Args: oneBackend(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := drainUsage(mode, quiet, timeout, cmd.Flags().Changed("quiet")); err != nil {
				return err
			}
			given := url.Values{}
			for name, value := range map[string]string{"mode": mode, "quiet": quiet.String(), "timeout": timeout.String(), "force": strconv.FormatBool(force)} {
				if cmd.Flags().Changed(name) {
					given.Set(name, value)
				}
			}
			o := ordering{env: e, at: at, target: args[0]}
			st, err := o.give(cmd.Context(), "drain", given)
			if err != nil || !wait {
				return err
			}
			return o.wait(cmd.Context(), st)
		},
	}
	at.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&mode, "mode", "keep", "what becomes of known visitors: `keep`, when-idle or now")
	f.DurationVar(&quiet, "quiet", 5*time.Minute, "with --mode when-idle: how long a visitor was silent who moves")
	f.DurationVar(&timeout, "timeout", 0, "known visitors move after this `time` in any case (default: never)")
	f.BoolVar(&force, "force", false, "also the last backend of its pool that takes new visitors")
	f.BoolVar(&wait, "wait", false, "show what is left, and end when the backend is safe to stop")
	return cmd
}

func disableCommand(e env) *cobra.Command {
	var (
		at    remote
		force bool
	)
	cmd := &cobra.Command{
		Use:   "disable POOL/BACKEND",
		Short: "Let a backend have no visitors at all",
		Long: `Let a backend have no visitors at all: those that it knows move with their next
request, and its websockets are told to go. Requests under way end as they
would, and its health is checked further. "sterling enable" takes that back.`,
		Args: oneBackend(),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := (&ordering{env: e, at: at, target: args[0]}).give(cmd.Context(), "disable", forced(force))
			return err
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "also the last backend of its pool that takes new visitors")
	return cmd
}

func enableCommand(e env) *cobra.Command {
	var at remote
	cmd := &cobra.Command{
		Use:   "enable POOL/BACKEND",
		Short: "Take back a drain or disable",
		Args:  oneBackend(),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := (&ordering{env: e, at: at, target: args[0]}).give(cmd.Context(), "enable", nil)
			return err
		},
	}
	at.flags(cmd)
	return cmd
}

func weightCommand(e env) *cobra.Command {
	var (
		at    remote
		force bool
	)
	cmd := &cobra.Command{
		Use:   "weight POOL/BACKEND WEIGHT",
		Short: "Change a backend's share of new visitors",
		Long: `Change a backend's share of new visitors, from 0 (none) to 1000. It stays so
over reloads and restarts, until the configuration file gives that backend
another weight than it does now.`,
		Args: oneBackend("its weight"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n, err := strconv.ParseUint(args[1], 10, 31); err != nil || n > maxWeight {
				return usage(fmt.Sprintf("%q is no weight", args[1]), weights)
			}
			given := forced(force)
			given.Set("weight", args[1])
			_, err := (&ordering{env: e, at: at, target: args[0]}).give(cmd.Context(), "weight", given)
			return err
		},
	}
	at.flags(cmd)
	cmd.SetFlagErrorFunc(numberAsFlag(weights))
	cmd.Flags().BoolVar(&force, "force", false, "0 also for the last backend of its pool that takes new visitors")
	return cmd
}

// maxWeight is the largest one that a backend takes.
const (
	maxWeight = 1000
	weights   = "a weight is a number from 0 to 1000"
)

// drainUsage finds what no process would take.
func drainUsage(mode string, quiet, timeout time.Duration, quietGiven bool) error {
	idle := mode == "when-idle" || mode == "when_idle"
	switch {
	case !idle && mode != "keep" && mode != "now":
		return usage(fmt.Sprintf("unknown mode %q", mode), "use keep, when-idle or now")
	case quiet < 0 || timeout < 0:
		return usage("a time cannot be negative", "use a duration such as 30m")
	case quietGiven && !idle:
		return usage("--quiet belongs to the mode when-idle", "leave it out, or use --mode when-idle")
	}
	return nil
}

func forced(force bool) url.Values {
	v := url.Values{}
	if force {
		v.Set("force", "true")
	}
	return v
}

// ordering is one order to a running process.
type ordering struct {
	env    env
	at     remote
	target string // POOL/BACKEND
	client *admin.Client
}

// give gives the order and prints what has become of the backend.
func (o *ordering) give(ctx context.Context, order string, given url.Values) (proxy.BackendStatus, error) {
	pool, backend, ok := strings.Cut(o.target, "/")
	if !ok || pool == "" || backend == "" {
		return proxy.BackendStatus{}, usage(fmt.Sprintf("%q names no backend", o.target), "write POOL/BACKEND, such as app/b2")
	}
	var err error
	if o.client, err = o.at.client(o.env); err != nil {
		return proxy.BackendStatus{}, err
	}
	st, err := o.client.Order(ctx, pool, backend, order, given)
	if err != nil {
		return st, explainRefusal(o.env, err)
	}
	_, err = fmt.Fprintln(o.env.stdout, o.target+": "+describe(st))
	return st, failed(err)
}

// describe says in a line how a backend stands.
func describe(st proxy.BackendStatus) string {
	parts := []string{st.State}
	if st.State != st.Health {
		parts = append(parts, "health "+st.Health)
	}
	if o := st.Order; o != nil && o.Mode != "" {
		parts = append(parts, "mode "+strings.ReplaceAll(o.Mode, "_", "-"))
	}
	parts = append(parts, fmt.Sprintf("weight %d", st.Weight))
	if st.Sessions != nil {
		about := ""
		if !st.SessionsExact {
			about = "about "
		}
		parts = append(parts, about+count(int(*st.Sessions), "visitor"))
	}
	parts = append(parts, fmt.Sprintf("%d in flight", st.InFlight), count(st.Tunnels, "tunnel"))
	if st.SafeToStop {
		parts = append(parts, "safe to stop")
	}
	if st.Awaits != "" {
		parts = append(parts, "waits "+awaited(st))
	}
	return strings.Join(parts, ", ")
}

// awaited says what a backend waits for that has no visitors and is not safe to
// stop, and until when at the latest.
func awaited(st proxy.BackendStatus) string {
	if st.AwaitsUntil == nil {
		return "for " + st.Awaits
	}
	return "until " + st.AwaitsUntil.Local().Format(time.DateTime) + " at the latest for " + st.Awaits
}
