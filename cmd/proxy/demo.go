package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"sterling/cmd/proxy/demo"
)

func demoCommand(e env) *cobra.Command {
	var o demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all on this machine, with three servers that you may stop and freeze",
		Long: `Start three servers, each with a memory of its own, and a front door before them,
all on loopback, and say what to try. Nothing is installed and nothing is left behind.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			return runDemo(e, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.HTTPS, "https", "127.0.0.1:8443", "`ADDRESS` of the https listener")
	f.StringVar(&o.HTTP, "http", "127.0.0.1:8080", "`ADDRESS` of the http listener")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:9180", "`ADDRESS` of the admin side")
	f.BoolVar(&o.Keep, "keep", false, "leave the folder with the configuration and the logs in place")
	return cmd
}

func runDemo(e env, o demo.Options) (err error) {
	signals, stop := e.lifeSignals()
	defer stop()
	if o.Program, err = os.Executable(); err != nil {
		return failed(err)
	}
	o.Args = []string{demoBackendName}
	o.Out, o.Err = e.stdout, e.stderr
	d, err := demo.Prepare(o)
	if err != nil {
		return failed(err)
	}
	var told error
	e.program = "" // its servers end with this process
	err = serve(e, signals, start{path: d.Config(), up: func(p *process) {
		told = d.Announce(p.door.Addr("front"), p.door.Addr("plain"), p.adminAddr())
	}})
	return errors.Join(err, failed(told), failed(d.Close()))
}

const demoBackendName = "demo-backend"

// demoBackendCommand is one of the demo's servers. Nobody else has a use for it.
func demoBackendCommand(e env) *cobra.Command {
	return &cobra.Command{
		Use:    demoBackendName + " NAME ADDRESS",
		Short:  "One server of the demo",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return failed(demo.Serve(args[0], args[1], e.stdin, e.stdout))
		},
	}
}
