package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sterling/internal/acme"
	"sterling/internal/config"
)

func checkCommand(e env) *cobra.Command {
	var (
		path   string
		strict bool
		order  staging
	)
	cmd := &cobra.Command{
		Use:   "check -c FILE",
		Short: "Find every problem of a configuration file",
		Long: `Find every problem of a configuration file and of the files that it names.

One line a problem: file:line: key: problem; hint. No backend is contacted.

With --acme-staging, certificates for all names of [tls.acme] are ordered from
an authority for tests, and thrown away: so it shows whether names lead here
and ports are open, at no cost of real orders. A process that runs the file
answers that authority; where none does, the listeners are opened meanwhile.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needConfig(path); err != nil {
				return err
			}
			cfg, err := check(e, path, strict)
			if err != nil || !order.wanted {
				return err
			}
			return rehearseOrders(cmd.Context(), e, cfg, order.directory)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on warnings too")
	cmd.Flags().BoolVar(&order.wanted, "acme-staging", false, "order certificates for a test")
	cmd.Flags().StringVar(&order.directory, "acme-directory", acme.StagingDirectory, "with --acme-staging: the test authority's `URL`")
	return cmd
}

// staging says whether orders are rehearsed, and with whom.
type staging struct {
	wanted    bool
	directory string
}

func check(e env, path string, strict bool) (*config.Config, error) {
	cfg, problems := examine(path)
	printProblems(e.stderr, problems)
	if problems.Errors() > 0 || strict && problems.Warnings() > 0 {
		return nil, errSaid
	}
	_, err := fmt.Fprintf(e.stdout, "%s: good (%s)%s\n", path, contents(cfg), warned(problems.Warnings()))
	if err != nil {
		return nil, failed(err)
	}
	return cfg, describeACME(e.stdout, cfg)
}

// contents sums up a configuration in one line.
func contents(cfg *config.Config) string {
	backends := 0
	for _, p := range cfg.Pools {
		backends += len(p.Backends)
	}
	return strings.Join([]string{
		count(len(cfg.Listeners), "listener"),
		count(len(cfg.Routes), "route"),
		count(len(cfg.Pools), "pool"),
		count(backends, "backend"),
	}, ", ")
}

func warned(n int) string {
	if n == 0 {
		return ""
	}
	return ", with " + count(n, "warning")
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
