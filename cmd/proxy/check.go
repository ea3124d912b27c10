package main

import (
	"context"
	"fmt"
	"io"
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

One line a problem: file:line: key: problem; hint. No backend is contacted, and
nothing is changed. Ask as the user that the process runs as: whether logs and
state can be written to depends on it.

With --acme-staging, certificates for all names of [tls.acme] are ordered from
an authority for tests, and thrown away: so it shows whether names lead here
and ports are open, at no cost of real orders. The process that serves answers
that authority; where none does, the listeners are opened meanwhile. If your
certificates come from another authority than Let's Encrypt, name one for tests
with --acme-directory.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needConfig(path); err != nil {
				return err
			}
			cfg, err := check(cmd.Context(), e, path, strict)
			if err != nil || !order.wanted {
				return err
			}
			directory, err := order.from(cfg)
			if err != nil {
				return err
			}
			return rehearseOrders(cmd.Context(), e, cfg, directory)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on warnings too")
	cmd.Flags().BoolVar(&order.wanted, "acme-staging", false, "order certificates for a test")
	cmd.Flags().StringVar(&order.directory, "acme-directory", "", "with --acme-staging: the test authority's `URL` (default: that of Let's Encrypt, if certificates come from there)")
	return cmd
}

// staging says whether orders are rehearsed, and with whom.
type staging struct {
	wanted    bool
	directory string
}

// from is the authority to rehearse with. What another one than Let's Encrypt
// knows of, names of a company's own network for one, is not told to that.
func (s staging) from(cfg *config.Config) (string, error) {
	switch {
	case s.directory != "" || cfg.TLS.ACME == nil:
		return s.directory, nil
	case cfg.TLS.ACME.Directory == "" || cfg.TLS.ACME.Directory == acme.DefaultDirectory:
		return acme.StagingDirectory, nil
	case cfg.TLS.ACME.Directory == acme.StagingDirectory:
		return acme.StagingDirectory, nil
	default:
		return "", usage("certificates come from "+cfg.TLS.ACME.Directory+", which may have an authority for tests or not", "name one with --acme-directory URL")
	}
}

func check(ctx context.Context, e env, path string, strict bool) (*config.Config, error) {
	cfg, problems := examine(path, func(cfg *config.Config) config.Problems { return foresee(ctx, cfg) })
	printProblems(e.stderr, problems)
	if problems.Errors() > 0 || strict && problems.Warnings() > 0 {
		return nil, errSaid
	}
	_, err := fmt.Fprintf(e.stdout, "%s: good (%s)%s\n", path, contents(cfg), warned(problems.Warnings()))
	if err != nil {
		return nil, failed(err)
	}
	if err := describeKeys(e.stdout, cfg); err != nil {
		return nil, err
	}
	return cfg, describeACME(e.stdout, cfg)
}

// describeKeys tells of the key file that the start would make, which replicas
// have to share.
func describeKeys(w io.Writer, cfg *config.Config) error {
	if !config.MakesKeys(cfg) {
		return nil
	}
	_, err := fmt.Fprintf(w, "the start makes %s: copy it to each replica, or name a shared file in [affinity].keys\n", cfg.Affinity.Keys)
	return failed(err)
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
