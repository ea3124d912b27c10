package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"sterling/internal/admin"
	"sterling/internal/config"
	"sterling/proxy"
)

// afterCut is how long the end may take once it was asked for a second time.
const afterCut = 3 * time.Second

// lifeSignals installs the handlers of a process that serves.
func (e env) lifeSignals() (<-chan os.Signal, func()) {
	// Room for a few of each kind: signal delivery drops what does not fit.
	c := make(chan os.Signal, 16)
	e.notify(c, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	return c, func() { e.stop(c) }
}

// process is one running front door with its logs and its admin side.
type process struct {
	log    *processLog
	door   *proxy.Server
	reload *reloader
	admin  *admin.Server // nil: off
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

// assemble reads the file and builds and binds everything that it describes.
func assemble(e env, path string) (*process, error) {
	cfg, warnings, err := loadConfig(e, path)
	if err != nil {
		return nil, err
	}
	plog, err := openProcessLog(e, cfg.Log)
	if err != nil {
		return nil, failed(err)
	}
	p := &process{log: plog}
	if err := p.build(e, cfg, warnings); err != nil {
		return nil, errors.Join(err, plog.Close())
	}
	return p, nil
}

func (p *process) build(e env, cfg *config.Config, warnings config.Problems) error {
	for _, w := range warnings {
		p.log.Warn().Msg(w.String())
	}
	door, err := proxy.New(cfg, proxy.Options{Log: p.log.Logger, Version: version()})
	var problems config.Problems
	if errors.As(err, &problems) {
		printProblems(e.stderr, problems)
		return errSaid
	}
	if err != nil {
		return failed(err)
	}
	p.door = door
	if err := door.Listen(); err != nil {
		return failed(errors.Join(err, abandon(door)))
	}
	p.reload = newReloader(cfg.Path, door, p.log.Logger)
	if cfg.Admin.Address == "" {
		return nil
	}
	p.admin, err = admin.Start(admin.Options{
		Address: cfg.Admin.Address,
		Token:   cfg.Admin.Token,
		Door:    door,
		Reload:  p.reload.Now,
	})
	if err != nil {
		p.reload.Close()
		return failed(errors.Join(err, abandon(door)))
	}
	return nil
}

// abandon ends a door that never served.
func abandon(door *proxy.Server) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := door.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// adminAddr is where the admin side is bound; nil when it is off.
func (p *process) adminAddr() net.Addr {
	if p.admin == nil {
		return nil
	}
	return p.admin.Addr()
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
				go func() { drained <- p.door.Shutdown(ctx) }()
			case deadline == nil:
				p.log.Warn().Stringer("signal", s).Msg("stopping at once")
				cut()
				deadline = time.After(afterCut)
			}
		}
	}
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
