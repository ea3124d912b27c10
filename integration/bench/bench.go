package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// bench is one run of the command. It is used by one goroutine.
type bench struct {
	o        options
	progress io.Writer
	stage    stage

	dir        string // of this run, removed at the end
	sterling   string // path of the program
	cores      []int  // of the machine
	proxyCores []int  // for a candidate; none: all
	loadCores  []int  // for backends and load; none: all
	certificate
	backends []string // addresses
	kind     string   // what they are
	started  int      // candidates, for the names of their folders
	measured int      // for the names of the profiles
	profiles []string // files
}

// newBench builds the program and starts the backends.
func newBench(ctx context.Context, o options, progress io.Writer) (*bench, error) {
	b := &bench{o: o, progress: progress}
	if err := b.prepare(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) prepare(ctx context.Context) error {
	var err error
	if b.cores, err = allowed(); err != nil {
		return fmt.Errorf("asking for the cores: %w", err)
	}
	if b.o.cores == pinned {
		if len(b.cores) < 2 {
			return errors.New("it needs two cores; with one, try -cores both")
		}
		b.loadCores, b.proxyCores = b.cores[:1], b.cores[1:2]
	}
	if err := raiseDescriptors(); err != nil {
		return fmt.Errorf("raising the limit of open files: %w", err)
	}
	if b.dir, err = os.MkdirTemp("", "sterling-bench"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	b.say("building Sterling")
	if b.sterling, err = build(ctx, b.dir, b.o.profiled()); err != nil {
		return err
	}
	if b.certificate, err = makeCertificate(b.dir); err != nil {
		return err
	}
	if b.backends, err = addresses(3); err != nil {
		return err
	}
	dir := filepath.Join(b.dir, "backends")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	b.kind, err = b.stage.startBackends(ctx, dir, b.backends, b.loadCores)
	return err
}

// close ends every process and removes every file of the run.
func (b *bench) close() {
	b.stage.clear()
	if b.dir != "" {
		if err := os.RemoveAll(b.dir); err != nil {
			b.say("removing %s: %v", b.dir, err)
		}
	}
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, format+"\n", args...) // a terminal
}

// measure runs the cases that were asked for.
func (b *bench) measure(ctx context.Context) (*report, error) {
	candidates := b.candidates()
	if len(candidates) == 0 {
		return nil, fmt.Errorf("no candidate is named %s", b.o.peers.String())
	}
	r := &report{Machine: machine(b.o, b.kind)}
	for _, t := range trials {
		if !b.o.cases.match(t.name) {
			continue
		}
		if _, err := find(t.tool); err != nil && t.tool != "own" {
			b.say("case %s is left out: %s is not installed", t.name, t.tool)
			continue
		}
		samples, err := b.try(ctx, t, candidates)
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", t.name, err)
		}
		r.add(t, samples)
	}
	if b.o.pgo != "" {
		return r, b.mergeProfiles(ctx, b.o.pgo)
	}
	return r, nil
}

// try measures one case: all candidates stand, and take turns.
func (b *bench) try(ctx context.Context, t trial, candidates []candidate) ([]sample, error) {
	var standing []*running
	defer func() {
		for _, r := range standing {
			r.stop()
		}
	}()
	for _, c := range candidates {
		r, err := b.startCandidate(ctx, c, t.log)
		if errors.Is(err, errAbsent) {
			b.say("%s: %v", c.name, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		standing = append(standing, r)
	}
	var samples []sample
	for round := range b.o.rounds {
		for _, r := range standing {
			s, err := b.saturate(ctx, t, r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			s.Round = round + 1
			b.say("%-10s %-17s round %d: %s", t.name, r.name, s.Round, s)
			samples = append(samples, s)
		}
	}
	return samples, nil
}

// saturate measures one candidate under as much load as it takes.
func (b *bench) saturate(ctx context.Context, t trial, r *running) (sample, error) {
	l, err := b.aim(ctx, t, r)
	if err != nil {
		return sample{}, err
	}
	if r.log != "" {
		defer os.Truncate(r.log, 0) //nolint:errcheck // only to save space
	}
	warm := l
	warm.time = time.Second
	if _, err := b.stage.put(ctx, warm, b.loadCores); err != nil {
		return sample{}, err
	}
	return b.meter(ctx, r, t.name, func() (outcome, error) { return b.stage.put(ctx, l, b.loadCores) })
}

// meter runs a load and says what it cost r.
func (b *bench) meter(ctx context.Context, r *running, name string, run func() (outcome, error)) (sample, error) {
	if err := r.beginProfile(); err != nil {
		return sample{}, err
	}
	before, err := used(r.cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	o, err := run()
	if err != nil {
		return sample{}, err
	}
	after, err := used(r.cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	file, err := r.endProfile(ctx)
	if err != nil {
		return sample{}, err
	}
	b.measured++
	if err := b.keepProfile(file, fmt.Sprintf("%s-%s-%d", name, r.name, b.measured)); err != nil {
		return sample{}, err
	}
	return sample{
		Candidate: r.name, outcome: o, Resident: after.resident,
		Cost: float64((after.cpu - before.cpu).Microseconds()) / float64(o.Requests),
		Rate: float64(o.Requests) / o.Seconds,
	}, nil
}

// aim prepares the load of a case for a candidate, after a look whether it
// answers as it should.
func (b *bench) aim(ctx context.Context, t trial, r *running) (load, error) {
	l := load{
		tool: t.tool, url: t.base(r.site) + t.path, header: t.header, connections: t.connections, streams: t.streams,
		time: b.o.time, size: t.size(), dir: b.dir,
	}
	if l.connections == 0 {
		l.connections = 64
	}
	var cookie string
	if !t.stranger {
		var err error
		if cookie, err = become(ctx, t.base(r.site)); err != nil {
			return l, err
		}
		l.header = append([]string{"Cookie: " + cookie}, l.header...)
	}
	return l, examine(ctx, t.base(r.site), t.path, cookie)
}
