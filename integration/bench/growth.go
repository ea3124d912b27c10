package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// The two sizes that are compared.
const (
	fewRoutes, manyRoutes     = 10, 5000
	fewBackends, manyBackends = 3, 1000
)

// grown is the kind of case in which Sterling with a small configuration is
// compared with Sterling with a large one.
func grown(ctx context.Context, b *bench, t trial, candidates []candidate) ([]sample, error) {
	small, ok := named(candidates, "sterling", "sterling-standard")
	if !ok {
		return nil, fmt.Errorf("%w: it compares Sterling with itself", errAbsent)
	}
	crowd, err := manyAddresses()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "crowd")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	p, _, err := b.stage.startBackends(ctx, dir, crowd, b.loadCores)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	large := small
	small.name, small.routes, small.backends = smallSite, fewRoutes, crowd[:fewBackends]
	large.name, large.routes, large.backends = largeSite, manyRoutes, crowd
	return saturated(ctx, b, t, []candidate{small, large})
}

// The names of the two in the report.
const (
	smallSite = "small"
	largeSite = "large"
)

// manyAddresses returns addresses of loopback with one port.
func manyAddresses() ([]string, error) {
	one, err := addresses(1)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(one[0])
	if err != nil {
		return nil, err
	}
	var all []string
	for i := range manyBackends {
		all = append(all, fmt.Sprintf("127.0.%d.%d:%s", 1+i/250, 1+i%250, port))
	}
	return all, nil
}
