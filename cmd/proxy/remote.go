package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sterling/internal/admin"
	"sterling/internal/config"
)

// remote says which running process a command speaks to.
type remote struct {
	config    string
	address   string
	token     string
	tokenFile string
	named     bool // the address comes from --admin
}

func (r *remote) flags(cmd *cobra.Command) {
	configFlag(cmd, &r.config)
	f := cmd.Flags()
	f.StringVar(&r.address, "admin", "", "the admin `ADDRESS`: host:port or unix:/path (default: that of the configuration file)")
	f.StringVar(&r.token, "token", "", "the admin `TOKEN`; other users of this machine can see it here, so prefer --token-file")
	f.StringVar(&r.tokenFile, "token-file", "", "a `FILE` that holds the admin token")
	cmd.MarkFlagsMutuallyExclusive("token", "token-file")
}

// client makes the client that the flags describe.
func (r *remote) client(e env) (*admin.Client, error) {
	if r.config == "" && r.address == "" {
		return nil, usage("nothing says which process is meant", "use -c FILE or --admin ADDRESS")
	}
	r.named = r.address != ""
	if err := r.fill(e); err != nil {
		return nil, err
	}
	c, err := admin.NewClient(r.address, r.token)
	if err != nil {
		return nil, usage(err.Error(), "")
	}
	return c, nil
}

// fill takes from the files what no flag says.
func (r *remote) fill(e env) error {
	if r.tokenFile != "" {
		token, err := os.ReadFile(r.tokenFile)
		if err != nil {
			return failed(fmt.Errorf("reading token file: %w", err))
		}
		r.token = strings.TrimSpace(string(token))
	}
	if r.config == "" || r.address != "" && r.token != "" {
		return nil
	}
	side, problems := config.LoadAdmin(r.config)
	if r.token == "" && (r.address == "" || r.address == side.Address) {
		r.token = side.Token
	}
	if r.address == "" {
		r.address = side.Address
	}
	switch bad := problems.Errors() > 0; {
	case bad && r.address == "":
		printProblems(e.stderr, problems)
		return failed(errors.New("the file does not load; name the process with --admin ADDRESS"))
	case bad:
		_, _ = fmt.Fprintf(e.stderr, "warning: %s does not load, as it is now (\"sterling check\" says why); asking at %s\n", r.config, r.address)
	case r.address == "":
		return failed(fmt.Errorf("%s has no [admin] address, so that a process that runs it cannot be asked", r.config))
	}
	return nil
}

// explainRefusal prints what a running process said about an error.
func explainRefusal(e env, err error) error {
	var refusal *admin.Refusal
	if !errors.As(err, &refusal) {
		return failed(err)
	}
	for _, p := range refusal.Problems {
		_, _ = fmt.Fprintln(e.stderr, p)
	}
	if refusal.Hint == "" {
		return failed(refusal)
	}
	return failed(fmt.Errorf("%w; %s", refusal, refusal.Hint))
}
