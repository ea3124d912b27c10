package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// The two ways to give out the machine.
const (
	pinned = "pinned" // the candidate has a core for itself; load and backends have another
	both   = "both"   // everyone may run everywhere
)

// options are the flags.
type options struct {
	cases, peers patterns
	rounds       int
	time, limit  time.Duration
	cores        string
	format       string
	caddy        string
	connections  int
	profile      string // folder for profiles
	pgo          string // file for a merged one
}

// profiled reports whether Sterling is to be built for profiles.
func (o options) profiled() bool { return o.profile != "" || o.pgo != "" }

// patterns chooses by name.
type patterns []string

func (p patterns) match(name string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // checked when it was read
		return ok
	})
}

// String implements flag.Value.
func (p *patterns) String() string { return strings.Join(*p, ",") }

// Set implements flag.Value.
func (p *patterns) Set(list string) error {
	*p = nil
	for pattern := range strings.SplitSeq(list, ",") {
		if _, err := path.Match(pattern, ""); err != nil {
			return err
		}
		*p = append(*p, strings.TrimSpace(pattern))
	}
	return nil
}

// pgoCases are what a program is worth optimising for.
const pgoCases = "h1,h1-tls,h1-log,h2,tls-new,1m"

// parse reads the arguments.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{cases: patterns{"*"}, peers: patterns{"sterling", "haproxy", "nginx", "caddy"}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Var(&o.cases, "case", "cases to run, `patterns` separated by commas: "+strings.Join(caseNames(), " "))
	f.Var(&o.peers, "peers", "candidates, `patterns` separated by commas; there is also sterling-standard")
	f.IntVar(&o.rounds, "n", 3, "`rounds`; what is printed are medians")
	f.DurationVar(&o.time, "time", 4*time.Second, "`length` of one measurement, in whole seconds")
	f.DurationVar(&o.limit, "limit", time.Hour, "end after this `time`, done or not")
	f.StringVar(&o.cores, "cores", pinned, "pinned: a core for the candidate, another for the rest; both: all cores for all")
	f.StringVar(&o.format, "format", "text", "text, markdown or json")
	f.StringVar(&o.caddy, "caddy", "", "`path` of Caddy, which takes part only if it is given")
	f.IntVar(&o.connections, "connections", 5000, "`number` of idle connections in the memory cases")
	f.StringVar(&o.profile, "profile", "", "write CPU profiles of Sterling, one a case, to this `folder`")
	f.StringVar(&o.pgo, "pgo", "", "measure only Sterling, in the cases "+pgoCases+", and write the merged CPU profile to this `file`")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.pgo != "" {
		if err := errors.Join(o.cases.Set(pgoCases), o.peers.Set("sterling")); err != nil {
			return o, err
		}
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	case !slices.Contains([]string{pinned, both}, o.cores):
		return o, fmt.Errorf("-cores is %s or %s, not %q", pinned, both, o.cores)
	case !slices.Contains([]string{"text", "markdown", "json"}, o.format):
		return o, fmt.Errorf("-format is text, markdown or json, not %q", o.format)
	case o.rounds < 1 || o.rounds > 100:
		return o, errors.New("-n is 1 to 100")
	case o.time < time.Second || o.time > time.Minute:
		return o, errors.New("-time is 1s to 1m")
	case o.connections < 1 || o.connections > 9000:
		return o, errors.New("-connections is 1 to 9000: beyond, the proxies' own limits count")
	case !slices.ContainsFunc(caseNames(), o.cases.match):
		return o, fmt.Errorf("no case is named %s", o.cases.String())
	}
	return o, nil
}
