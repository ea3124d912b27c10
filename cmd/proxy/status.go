package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sterling/proxy"
)

func statusCommand(e env) *cobra.Command {
	var (
		at     remote
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how a running process and its backends are",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := at.client(e)
			if err != nil {
				return err
			}
			if asJSON {
				raw, err := client.RawStatus(cmd.Context())
				if err != nil {
					return explainRefusal(e, err)
				}
				_, err = fmt.Fprintf(e.stdout, "%s\n", raw)
				return failed(err)
			}
			status, err := client.Status(cmd.Context())
			if err != nil {
				return explainRefusal(e, err)
			}
			return failed(printStatus(e.stdout, status, time.Now()))
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the status as the admin API gives it")
	return cmd
}

// printStatus prints a table of the backends under a line about the process.
func printStatus(w io.Writer, s proxy.Status, now time.Time) error {
	ready := "ready"
	if !s.Ready {
		ready = "not ready"
	}
	if _, err := fmt.Fprintf(w, "sterling %s, %s, generation %d, up %s\n", s.Version, ready, s.Generation, ago(s.Started, now)); err != nil {
		return err
	}
	if err := printOld(w, s.OldProcesses); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "POOL\tBACKEND\tSTATE\tREASON\tSINCE\tWEIGHT\tVISITORS\tIN FLIGHT\tTUNNELS\tREQUESTS\tFAILURES")
	for _, p := range s.Pools {
		for _, b := range p.Backends {
			// The writer keeps everything until Flush, which returns its error.
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%d\t%d\t%d\t%d\n",
				p.Name, b.Name, standing(b), dash(why(b, now)), ago(since(b), now), b.Weight, visitors(b), b.InFlight, b.Tunnels,
				b.Requests, b.Failures)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, p := range s.Pools {
		for _, b := range p.Backends {
			if b.Awaits == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "\n%s/%s waits %s\n", p.Name, b.Name, awaited(b)); err != nil {
				return err
			}
		}
	}
	for _, c := range s.Certificates {
		if _, err := fmt.Fprintf(w, "\ncertificate for %s: %s\n", strings.Join(c.Names, ", "), end(c.NotAfter, now)); err != nil {
			return err
		}
	}
	if s.CertificatesFault != "" {
		if _, err := fmt.Fprintf(w, "\nchanged certificates are not taken up: %s\n", s.CertificatesFault); err != nil {
			return err
		}
	}
	for _, setting := range s.Restart {
		if _, err := fmt.Fprintf(w, "\nrestart to apply: %s\n", setting); err != nil {
			return err
		}
	}
	for _, p := range s.Pools {
		if held, queued := waiting(p); held+queued > 0 {
			if _, err := fmt.Fprintf(w, "\npool %s: %d requests wait until there is a backend, %d for a place at one that is full\n", p.Name, held, queued); err != nil {
				return err
			}
		}
	}
	return printDescriptors(w, s.Descriptors)
}

// printOld prints the processes that an upgrade has left behind, for a while, and
// the empty line before the table.
func printOld(w io.Writer, pids []int) error {
	for _, pid := range pids {
		if _, err := fmt.Fprintf(w, "old process %d finishes what it began before an upgrade\n", pid); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// printDescriptors prints how many file descriptors are left, where that is known.
func printDescriptors(w io.Writer, d proxy.DescriptorStatus) error {
	if d.Limit == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, `
descriptors: %d in use for connections, of %d that the process may have
  %d to clients; at %d in use, no client is let in
  %d to backends; at %d in use, no backend is connected to
`, d.Clients+d.Backends, d.Limit, d.Clients, d.ClientsUntil, d.Backends, d.BackendsUntil)
	return err
}

// end says when a certificate ends, or that it has.
func end(t, now time.Time) string {
	day := t.UTC().Format(time.DateOnly)
	switch days := int(t.Sub(now).Hours() / 24); {
	case t.Before(now):
		return "expired on " + day
	case days == 1:
		return "until " + day + ", 1 day"
	default:
		return fmt.Sprintf("until %s, %d days", day, days)
	}
}

// waiting counts the requests of a pool that are not with a backend yet.
func waiting(p proxy.PoolStatus) (held, queued int) {
	queued = p.Queued
	for _, b := range p.Backends {
		queued += b.Queued
	}
	return p.Held, queued
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// ago is the time since t in the two largest units that say enough.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	switch d := now.Sub(t); {
	case d < time.Second:
		return "0s"
	case d < 24*time.Hour:
		return d.Truncate(time.Second).String()
	default:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// why is the reason for a backend's state, or for its ejection, and how much longer
// that lasts.
func why(b proxy.BackendStatus, now time.Time) string {
	e := b.Ejected
	if e == nil {
		return b.Reason
	}
	return fmt.Sprintf("%s, for %s more", e.Reason, ago(now, e.Until))
}

// since is when the latest thing happened that keeps visitors away, or the state
// began.
func since(b proxy.BackendStatus) time.Time {
	if e := b.Ejected; e != nil && e.Since.After(b.Since) {
		return e.Since
	}
	return b.Since
}

// visitors is the number of those who are pinned to a backend.
func visitors(b proxy.BackendStatus) string {
	switch {
	case b.Sessions == nil:
		return "-"
	case !b.SessionsExact:
		return fmt.Sprintf("~%d", *b.Sessions)
	}
	return fmt.Sprint(*b.Sessions)
}

// standing is the state, and whether the backend can be stopped now. One that is
// down could be, but has been already.
func standing(b proxy.BackendStatus) string {
	state := b.State
	if b.Ejected != nil {
		state += ", ejected"
	}
	if b.SafeToStop && b.Order != nil {
		state += ", safe to stop"
	}
	return state
}
