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

func certsCommand(e env) *cobra.Command {
	var (
		at     remote
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "certs",
		Short: "Show the certificates of a running process, or renew one",
		Long: `Show the certificates of a running process: those of files, and those that
it orders by itself ([tls.acme]), with the next renewal and what is wrong: orders
that failed, a certificate that could not be stored, one that came late.`,
		Args: noCommand(nil),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := at.client(e)
			if err != nil {
				return err
			}
			if asJSON {
				raw, err := client.RawCertificates(cmd.Context())
				if err != nil {
					return explainRefusal(e, err)
				}
				_, err = fmt.Fprintf(e.stdout, "%s\n", raw)
				return failed(err)
			}
			all, err := client.Certificates(cmd.Context())
			if err != nil {
				return explainRefusal(e, err)
			}
			return failed(printCertificates(e.stdout, all, time.Now()))
		},
	}
	at.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the certificates as the admin API gives them")
	cmd.AddCommand(
		certCommand(e, "renew", "Order a certificate now, also while failures would have it wait"),
		certCommand(e, "revoke", "Have the authority revoke a certificate, and order another one"),
	)
	return cmd
}

func certCommand(e env, order, short string) *cobra.Command {
	var at remote
	cmd := &cobra.Command{
		Use:   order + " NAME",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := at.client(e)
			if err != nil {
				return err
			}
			report, err := client.Certificate(cmd.Context(), args[0], order)
			if err != nil {
				return explainRefusal(e, err)
			}
			_, err = fmt.Fprintf(e.stdout, "%s: another one is ordered; see sterling certs\n", strings.Join(report.Names, ", "))
			return failed(err)
		},
	}
	at.flags(cmd)
	return cmd
}

// printCertificates prints a table, and under it what went wrong.
func printCertificates(w io.Writer, all []proxy.CertificateReport, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	// The writer keeps everything until Flush, which returns its error.
	_, _ = fmt.Fprintln(t, "NAMES\tFROM\tISSUER\tVALID\tRENEWAL")
	for _, c := range all {
		valid := "none yet"
		if c.NotAfter != nil {
			valid = end(*c.NotAfter, now)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", strings.Join(c.Names, ", "), c.Source, dash(c.Issuer), valid, renewal(c, now))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, c := range all {
		for _, trouble := range troubles(c, now) {
			if _, err := fmt.Fprintf(w, "\n%s: %s\n", strings.Join(c.Names, ", "), trouble); err != nil {
				return err
			}
		}
	}
	return nil
}

// troubles are what is wrong with a certificate, or with the want of one.
func troubles(c proxy.CertificateReport, now time.Time) []string {
	var all []string
	if c.Failures > 0 {
		all = append(all, fmt.Sprintf("%s failed, the last one: %s", count(c.Failures, "order"), c.Error))
	}
	if u := c.Unstored; u != nil {
		again := "now"
		if left := u.Next.Sub(now).Truncate(time.Second); left > 0 {
			again = "in " + left.String()
		}
		all = append(all, fmt.Sprintf("it is served, but could not be stored since %s, and is tried again %s: %s",
			u.Since.Format(time.RFC3339), again, u.Error))
	}
	if c.Late {
		all = append(all, "it came with a third of its life left, or less: is this machine's clock right?")
	}
	return all
}

// renewal says when the door does something about a certificate.
func renewal(c proxy.CertificateReport, now time.Time) string {
	switch {
	case c.Ordering:
		return "ordering"
	case c.Renewal == nil:
		return "-"
	case c.Renewal.Before(now):
		return "now"
	case c.Failures > 0:
		return "tried again in " + c.Renewal.Sub(now).Truncate(time.Second).String()
	default:
		return c.Renewal.Format(time.DateOnly)
	}
}
