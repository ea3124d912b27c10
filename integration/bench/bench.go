package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	_, b.kind, err = b.stage.startBackends(ctx, dir, b.backends, b.loadCores)
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
