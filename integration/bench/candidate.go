package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errAbsent says that a candidate cannot take part here, which is no failure.
var errAbsent = errors.New("left out")

// candidate is a proxy that is measured.
type candidate struct {
	name    string
	program string // path
	write   func(program string, s site) (program, error)
	// routes that its configuration has; Sterling only.
	routes int
	// backends, if others than those of the run.
	backends []string
}

// site is what a candidate has to serve.
type site struct {
	dir           string // for its files, and its working folder
	plain, secure string // addresses to listen on
	backends      []string
	certificate
	log     string // the access log's file; "": none
	threads int    // as many as it has cores
	routes  int
	profile string // where a profile goes; ""; nowhere
}

// running is a candidate at work.
type running struct {
	candidate
	site
	*process
}

// startCandidate starts c and waits until it answers.
func (b *bench) startCandidate(ctx context.Context, c candidate, log bool) (*running, error) {
	b.started++
	s := site{
		dir: filepath.Join(b.dir, fmt.Sprintf("%s-%d", c.name, b.started)), backends: b.backends,
		certificate: b.certificate, threads: max(1, len(b.proxyCores)), routes: c.routes,
	}
	if b.o.cores == both {
		s.threads = len(b.cores)
	}
	if c.backends != nil {
		s.backends = c.backends
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for %s: %w", c.name, err)
	}
	if log {
		s.log = filepath.Join(s.dir, "access.log")
	}
	if b.o.profiled() && c.program == b.sterling {
		s.profile = filepath.Join(s.dir, "cpu.pprof")
	}
	a, err := addresses(2)
	if err != nil {
		return nil, err
	}
	s.plain, s.secure = a[0], a[1]
	p, err := c.write(c.program, s)
	if err != nil {
		return nil, err
	}
	p.dir, p.cores = s.dir, b.proxyCores
	r, err := b.stage.start(p)
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, r, "http://"+s.plain+"/"); err != nil {
		r.stop()
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return &running{c, s, r}, nil
}

// candidates returns those that take part, and says on the progress output
// which do not.
func (b *bench) candidates() []candidate {
	all := []struct {
		candidate
		path string
	}{
		{candidate{name: "sterling", write: sterling(""), routes: 1}, b.sterling},
		{candidate{name: "sterling-standard", write: sterling("standard"), routes: 1}, b.sterling},
		{candidate{name: "haproxy", write: haproxy}, "haproxy"},
		{candidate{name: "nginx", write: nginxProxy}, "nginx"},
		{candidate{name: "caddy", write: caddy}, b.o.caddy},
	}
	var found []candidate
	for _, c := range all {
		if !b.o.peers.match(c.name) || c.path == "" {
			continue
		}
		path, err := find(c.path)
		if err != nil {
			b.say("%s is not installed", c.name)
			continue
		}
		c.program = path
		found = append(found, c.candidate)
	}
	return found
}
