package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	proxytls "sterling/tls"
)

func echCommand(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "ech PUBLIC-NAME FILE",
		Short: "Make a key of encrypted client hellos",
		Long: `Make a key of encrypted client hellos ([tls] ech) in a new file, and print what
belongs into the HTTPS records of the hosts, so that browsers use it.

PUBLIC-NAME is what everybody on the wire sees in place of the host. The door
needs a certificate for it.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			file, list, err := proxytls.NewECH(args[0])
			if err != nil {
				return usage(err.Error(), "")
			}
			f, err := os.OpenFile(args[1], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return failed(err)
			}
			_, err = f.Write(file)
			if err = errors.Join(err, f.Close()); err != nil {
				return failed(err)
			}
			_, err = fmt.Fprintf(e.stdout, "%s: made. Name it in [tls] ech, reload, and then add to the HTTPS records of the hosts:\n\n    1 . alpn=\"h2,http/1.1\" ech=%s\n", args[1], list)
			return failed(err)
		},
	}
}
