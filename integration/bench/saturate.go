package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// saturated is the kind of case in which each candidate gets as many requests
// as it takes.
func saturated(ctx context.Context, b *bench, t trial, candidates []candidate) ([]sample, error) {
	return b.takeTurns(ctx, t, candidates, func(t trial, r *running) (sample, error) { return b.saturate(ctx, t, r) })
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
	if _, err := b.stage.put(ctx, warm, b.loadCores); err != nil && !errors.Is(err, errUnanswered) {
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
		time: b.o.time, size: t.size(), dir: b.dir, rate: t.rate,
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
