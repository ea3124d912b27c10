package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// afterCut is how long the end may take once it was asked for a second time.
const afterCut = 3 * time.Second

// lifeSignals installs the handlers of a process that serves.
func (e env) lifeSignals() (<-chan os.Signal, func()) {
	// A reader of the standard streams that goes away must not end the process
	// with it; the write's error is enough.
	e.notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// Room for a few of each kind: signal delivery drops what does not fit.
	c := make(chan os.Signal, 16)
	e.notify(c, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	return c, func() { e.stop(c) }
}

// serve runs what the file at path describes until a signal ends it. up, when
// it is not nil, is called once everything is bound.
func serve(e env, signals <-chan os.Signal, path string, up func(*process)) error {
	p, err := assemble(e, path)
	if err != nil {
		return err
	}
	err = p.live(signals, up)
	return errors.Join(err, failed(p.log.Close()))
}

// live serves until a signal, or the door itself, ends it.
func (p *process) live(signals <-chan os.Signal, up func(*process)) error {
	served := make(chan error, 1)
	go func() { served <- p.door.Serve() }()
	if up != nil {
		up(p)
	}
	err := p.obey(signals, served)
	p.reload.Close()
	if p.admin != nil {
		if cerr := p.admin.Close(); cerr != nil {
			p.log.Warn().Err(cerr).Msg("closing the admin side")
		}
	}
	return err
}

// obey does what signals ask for until the door has ended.
func (p *process) obey(signals <-chan os.Signal, served <-chan error) error {
	ctx, cut := context.WithCancel(context.Background())
	defer cut()
	var (
		drained  chan error
		deadline <-chan time.Time
	)
	for {
		select {
		case err := <-served:
			return p.ended(err, drained, ctx.Err() != nil)
		case <-deadline:
			return failed(errors.New("ended at once, with work left open"))
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				p.reload.Soon()
			case s == syscall.SIGUSR1:
				p.reopen()
			case drained == nil:
				p.log.Info().Stringer("signal", s).Msg("stopping: finishing what has begun")
				drained = make(chan error, 1)
				go func() { drained <- p.drain(ctx) }()
			case deadline == nil:
				p.log.Warn().Stringer("signal", s).Msg("stopping at once")
				cut()
				deadline = time.After(afterCut)
			}
		}
	}
}

// drain lets a reload end that has begun, and then everything else.
func (p *process) drain(ctx context.Context) error {
	p.reload.Close()
	return p.door.Shutdown(ctx)
}

// ended turns the end of Serve into the end of the command.
func (p *process) ended(err error, drained <-chan error, cut bool) error {
	if drained == nil {
		return failed(errors.Join(fmt.Errorf("serving ended by itself: %w", orUnknown(err)), abandon(p.door)))
	}
	derr := <-drained
	if cut {
		return failed(errors.New("ended at once"))
	}
	if derr != nil {
		p.log.Warn().Err(derr).Msg("stopped before everything had ended")
	} else {
		p.log.Info().Msg("stopped")
	}
	return failed(err)
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("no reason given")
	}
	return err
}

// reopen follows a rotation of the logs.
func (p *process) reopen() {
	err := errors.Join(p.log.Reopen(), p.door.ReopenLogs())
	if err != nil {
		p.log.Error().Err(err).Msg("reopening logs")
		return
	}
	p.log.Info().Msg("logs reopened")
}
