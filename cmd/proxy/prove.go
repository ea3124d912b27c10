package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sterling/internal/prove"
)

type proveFlags struct {
	path      string
	json, yes bool
	prove.Options
}

func proveCommand(e env) *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use:   "prove -c FILE",
		Short: "Rehearse failure on a copy of a configuration, and count what is lost",
		Long: `Start a copy of what a configuration file describes on loopback, with backends of
its own as processes, let users visit it, and kill, freeze, slow down and restart
those backends, reload the copy and exchange its process. What the users, the
access log and the backends tell is held together, and every loss is counted.
Neither the configured backends nor a process that serves FILE is touched.

Scenarios: ` + strings.Join(prove.Names(), ", ") + `.

With --live, GETs are sent to the configured backends themselves, through the
copy, and only what harms no backend is rehearsed.

Exit code 1 tells of a loss: a request that failed without an excuse, a POST that
was run twice, a user that was moved from a backend that did its work, or an
answer without its line in the access log. Each is shown with what the access log
says of it; with --keep DIR, all logs of the copy stay. The code also tells of
overload: nothing was lost, but the copy turned requests away, because all places
(max_in_flight) were taken. And it tells of a rehearsal that could not be held, or
not to its end; the message says so, and nothing is known to be lost then but what
the report has.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.judge(cmd.Flags().Changed("only")); err != nil {
				return err
			}
			return runProve(e, f)
		},
	}
	configFlag(cmd, &f.path)
	flags := cmd.Flags()
	flags.IntVar(&f.Users, "users", 50, "how many users visit")
	flags.IntVar(&f.Rate, "rate", 200, "requests a second, of all users")
	flags.DurationVar(&f.Time, "time", 5*time.Second, "how long a scenario lasts, about")
	flags.StringSliceVar(&f.Only, "only", nil, "the `NAMES` of the scenarios to rehearse, with commas between")
	flags.StringVar(&f.Keep, "keep", "", "the new or empty `DIR` to run the copy in; its logs and state stay there")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.BoolVar(&f.Live, "live", false, "send GETs to the configured backends; needs --yes")
	flags.BoolVar(&f.yes, "yes", false, "the configured backends may be visited")
	return cmd
}

// judge finds what was written that no rehearsal can be made of.
func (f *proveFlags) judge(chosen bool) error {
	switch {
	case f.Users <= 0 || f.Rate <= 0:
		return usage("a rehearsal needs users and requests", "write --users and --rate from 1 on, or leave them out")
	case f.Time < time.Second:
		return usage(fmt.Sprintf("%v is too short for a scenario", f.Time), "write --time from 1s on, or leave it out")
	case chosen && len(f.Only) == 0:
		return usage("--only names no scenario", "the scenarios are "+strings.Join(prove.Names(), ", "))
	}
	for _, name := range f.Only {
		if !slices.Contains(prove.Names(), name) {
			return usage(fmt.Sprintf("there is no scenario %q", name), "the scenarios are "+strings.Join(prove.Names(), ", "))
		}
	}
	return nil
}

func runProve(e env, f proveFlags) (err error) {
	if err := needConfig(f.path); err != nil {
		return err
	}
	cfg, err := loadConfig(e, f.path)
	if err != nil {
		return err
	}
	if f.Live && !f.yes {
		var urls []string
		for _, p := range cfg.Pools {
			for _, b := range p.Backends {
				urls = append(urls, b.URL.String())
			}
		}
		return usage("--live visits the configured backends, "+strings.Join(urls, ", "), "add --yes if that is what you want")
	}
	o := f.Options
	o.Config, o.Backend, o.Leash = cfg, []string{proveBackendName}, "--"+leashFlag
	if o.Program, err = os.Executable(); err != nil {
		return failed(err)
	}
	o.Say = func(line string) { _, _ = fmt.Fprintln(e.stderr, line) } // a reader that is gone ends nothing
	ctx, cancel := context.WithCancelCause(context.Background())
	defer e.interrupted(func(s os.Signal) { cancel(fmt.Errorf("ended by a signal: %v", s)) })()
	defer cancel(nil)
	report, err := prove.Run(ctx, o)
	if err != nil {
		err = fmt.Errorf("this is no loss, but a rehearsal that could not be held to its end: %w", err)
	}
	if report == nil {
		return failed(err)
	}
	show := report.Print
	if f.json {
		show = report.PrintJSON
	}
	if err := errors.Join(err, show(e.stdout)); err != nil {
		return failed(err)
	}
	return failed(found(report, f.Rate))
}

// found is what is wrong by a report.
func found(report *prove.Report, rate int) error {
	switch {
	case report.Lost():
		return errors.New("something was lost")
	case report.Overloaded():
		return fmt.Errorf("nothing was lost, but requests were turned away, so that nothing is proved: overloaded: "+
			"this machine or max_in_flight is too small for --rate %d; lower it", rate)
	}
	return nil
}

// interrupted calls do at the first SIGINT or SIGTERM, until the function that
// it returns is called.
func (e env) interrupted(do func(os.Signal)) func() {
	c := make(chan os.Signal, 2)
	e.notify(c, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case s := <-c:
			do(s)
		case <-done:
		}
	}()
	return func() {
		e.stop(c)
		close(done)
		<-over
	}
}

const proveBackendName = "prove-backend"

// proveBackendCommand is one of the backends of a rehearsal. Nobody else has a
// use for it.
func proveBackendCommand(e env) *cobra.Command {
	return &cobra.Command{
		Use:    proveBackendName + " NAME ADDRESS STATUS WORD",
		Short:  "One backend of a rehearsal",
		Hidden: true,
		Args:   cobra.ExactArgs(4),
		RunE: func(_ *cobra.Command, args []string) error {
			return failed(prove.Serve(args, e.stdin, e.stdout))
		},
	}
}
