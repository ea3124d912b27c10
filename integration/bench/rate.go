package main

import (
	"context"
	"fmt"
)

// paced is the kind of case in which every candidate gets half of the requests
// that HAProxy can take, or who else takes part when it does not.
func paced(ctx context.Context, b *bench, t trial, candidates []candidate) ([]sample, error) {
	if _, err := find("wrk"); err != nil {
		return nil, fmt.Errorf("%w: wrk is not installed, which finds that rate", errAbsent)
	}
	c, ok := named(candidates, "haproxy", "nginx", "sterling")
	if !ok {
		return nil, fmt.Errorf("%w: nobody to take the rate from", errAbsent)
	}
	most := t
	most.tool = "wrk"
	full, err := b.capacity(ctx, most, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	t.rate = full / 2
	b.say("%-11s %s takes %.0f requests/s; all get half of that", t.name, c.name, full)
	return saturated(ctx, b, t, candidates)
}

// pacedByItself is the kind of case in which every candidate gets half of the
// requests that it has just been seen to take.
func pacedByItself(ctx context.Context, b *bench, t trial, candidates []candidate) ([]sample, error) {
	if _, err := find("wrk"); err != nil {
		return nil, fmt.Errorf("%w: wrk is not installed, which finds that rate", errAbsent)
	}
	return b.takeTurns(ctx, t, candidates, func(t trial, r *running) (sample, error) {
		most := t
		most.tool = "wrk"
		full, err := b.saturate(ctx, most, r)
		if err != nil {
			return sample{}, err
		}
		t.rate = full.Rate / 2
		return b.saturate(ctx, t, r)
	})
}

// capacity is the median of the requests a second that a candidate takes.
func (b *bench) capacity(ctx context.Context, t trial, c candidate) (float64, error) {
	r, err := b.startCandidate(ctx, c, t.log)
	if err != nil {
		return 0, err
	}
	defer r.stop()
	var rates []float64
	for range b.o.rounds {
		s, err := b.saturate(ctx, t, r)
		if err != nil {
			return 0, err
		}
		rates = append(rates, s.Rate)
	}
	return median(rates), nil
}
