// Package prove rehearses failure on a copy of a configuration: it starts the
// front door and backends of its own as processes, lets users visit them, kills
// and freezes what an operator fears for, and counts what the users lost.
//
// Start with [Run]. A rehearsal belongs to one goroutine; when Run has
// returned, all its processes have ended and its folder is gone, unless
// [Options].Keep names one. It never speaks to the configured backends, unless
// [Options].Live says so, and never to the process that serves the configuration.
package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sterling/internal/config"
)

// Options says what is rehearsed.
type Options struct {
	// Program is this program; as "run -c FILE" it is the front door.
	Program string
	// Backend are the arguments that make Program a backend that calls [Serve],
	// before those that [Serve] takes.
	Backend []string
	// Leash is the argument to "run" that makes Program, and whoever takes over from
	// it, end with its standard input.
	Leash string
	// Config is the configuration to copy, as loaded from its Path.
	Config *config.Config

	Users int           // visitors at once; 0: 50
	Rate  int           // requests a second, of all users; 0: 200
	Time  time.Duration // a scenario lasts about that long; 0: 5s
	Only  []string      // names of scenarios; none: all
	// Live sends GETs to the configured backends instead of backends of its
	// own, and leaves out every scenario that would harm one.
	Live bool
	// Keep is an empty folder, which is made if need be: logs and state of the copy
	// stay there. "": nothing is kept.
	Keep string
	// Say is told what begins, a line at a time; nil: nobody is.
	Say func(line string)
}

func (o *Options) fill() error {
	if o.Users == 0 {
		o.Users = 50
	}
	if o.Rate == 0 {
		o.Rate = 200
	}
	if o.Time == 0 {
		o.Time = 5 * time.Second
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Users < 0 || o.Rate < 0 || o.Time < time.Second {
		return errors.New("users and rate must be above 0, and the time at least 1s")
	}
	for _, name := range o.Only {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(Names(), ", "))
		}
	}
	return o.judgeKeep()
}

// Run rehearses every scenario and returns what came of each. An error means
// that the rehearsal could not be held to its end; the report, which is nil when
// nothing began, then has what came before. Losses are in the report alone.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	folder, leave, err := o.folder()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	s, err := openStage(ctx, o, folder)
	if err != nil {
		return nil, err
	}
	defer s.close()
	report := &Report{Live: o.Live}
	for _, sc := range scenarios {
		if !chosen(sc, o) {
			continue
		}
		row, err := s.rehearse(ctx, sc)
		if err != nil {
			return report, fmt.Errorf("rehearsing %s: %w", sc.name, err)
		}
		report.Rows = append(report.Rows, row)
	}
	return report, nil
}

func chosen(sc scenario, o Options) bool {
	if o.Live && !sc.harmless {
		return false
	}
	return len(o.Only) == 0 || slices.Contains(o.Only, sc.name)
}
