package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

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
		if _, err := find(t.tool); err != nil && tools[t.tool].foreign {
			b.say("case %s is left out: %s is not installed", t.name, t.tool)
			continue
		}
		samples, err := kinds[t.kind].run(ctx, b, t, candidates)
		if errors.Is(err, errAbsent) {
			b.say("case %s: %v", t.name, err)
			continue
		}
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

// takeTurns starts all candidates and measures one after the other, round by
// round, so that what disturbs the machine meanwhile disturbs all of them.
func (b *bench) takeTurns(ctx context.Context, t trial, candidates []candidate, one func(trial, *running) (sample, error)) ([]sample, error) {
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
			s, err := one(t, r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			samples = append(samples, b.note(t, s, round))
		}
	}
	return samples, nil
}

// note numbers a sample and shows it.
func (b *bench) note(t trial, s sample, round int) sample {
	s.Round = round + 1
	b.say("%-11s %-17s round %d: %s", t.name, s.Candidate, s.Round, s)
	return s
}

// named returns the first candidate of these names, in the order of the names.
func named(candidates []candidate, names ...string) (candidate, bool) {
	for _, name := range names {
		if i := slices.IndexFunc(candidates, func(c candidate) bool { return c.name == name }); i >= 0 {
			return candidates[i], true
		}
	}
	return candidate{}, false
}
