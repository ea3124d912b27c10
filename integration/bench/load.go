package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// load is what to ask of a candidate, and how.
type load struct {
	tool        string // of tools
	url         string
	header      []string // whole lines
	connections int
	streams     int     // at a time on each connection; h2load only
	rate        float64 // requests a second of all connections; arrivals only
	time        time.Duration
	size        int64  // of the body that every answer has
	dir         string // for what the tool needs or writes
}

// outcome is what a load found.
type outcome struct {
	Requests int64   `json:"requests"`
	Bytes    int64   `json:"bytes"` // read, heads included
	Seconds  float64 `json:"seconds"`
	P50      float64 `json:"p50_ms,omitempty"`
	P99      float64 `json:"p99_ms,omitempty"`
}

// tools maps the name of a load's tool to its command line and to the reader
// of what it printed or wrote.
var tools = map[string]struct {
	command func(load) (program, error)
	read    func(out []byte, l load) (outcome, error)
	foreign bool // it has to be installed
}{
	"wrk":        {wrk, func(out []byte, _ load) (outcome, error) { return parseWrk(out) }, true},
	"h2load":     {h2load, readH2load, true},
	"handshakes": {handshakes, func(out []byte, _ load) (outcome, error) { return parseOwn(out) }, false},
	"arrivals":   {arrivals, func(out []byte, _ load) (outcome, error) { return parseOwn(out) }, false},
}

// parseOwn reads what the loads print that are this program itself.
func parseOwn(out []byte) (outcome, error) {
	var o outcome
	if err := json.Unmarshal(out, &o); err != nil {
		return outcome{}, fmt.Errorf("reading the outcome: %w", err)
	}
	return o, nil
}

// put runs the load to its end on the given cores. It fails unless every
// answer was good: a candidate that refuses fast must not win.
func (s *stage) put(ctx context.Context, l load, cores []int) (outcome, error) {
	t := tools[l.tool]
	dir, err := os.MkdirTemp(l.dir, "load")
	if err != nil {
		return outcome{}, fmt.Errorf("making a folder for the load: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // inside the folder of the run, which goes too
	l.dir = dir
	p, err := t.command(l)
	if err != nil {
		return outcome{}, err
	}
	p.dir, p.cores, p.stdout = dir, cores, filepath.Join(dir, "stdout")
	ctx, cancel := context.WithTimeoutCause(ctx, 2*l.time+20*time.Second, errors.New("the load did not end"))
	defer cancel()
	r, err := s.start(p)
	if err != nil {
		return outcome{}, err
	}
	defer r.stop()
	if err := r.wait(ctx); err != nil {
		return outcome{}, fmt.Errorf("%s: %w: %s", l.tool, err, r.said())
	}
	out, err := os.ReadFile(p.stdout)
	if err != nil {
		return outcome{}, fmt.Errorf("reading what %s printed: %w", l.tool, err)
	}
	o, err := t.read(out, l)
	if err != nil {
		return outcome{}, fmt.Errorf("%s: %w", l.tool, err)
	}
	return o, o.check(l.size)
}

// errUnanswered is all that is wrong with a load that was too short.
var errUnanswered = errors.New("no request was answered")

// check says what is wrong with the outcome of asking for bodies of size bytes.
func (o outcome) check(size int64) error {
	switch {
	case o.Requests == 0:
		return errUnanswered
	case o.Bytes < o.Requests*size:
		return fmt.Errorf("%d answers with %d bytes in all are less than %d bytes each", o.Requests, o.Bytes, size)
	}
	return nil
}
