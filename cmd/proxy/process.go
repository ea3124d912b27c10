package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

	"sterling/internal/admin"
	"sterling/internal/config"
	"sterling/internal/handover"
	"sterling/internal/notify"
	"sterling/proxy"
)

// process is one running front door with its logs and its admin side.
type process struct {
	env       env
	log       *processLog
	door      *proxy.Server
	reload    *reloader
	admin     *admin.Server   // nil: off
	service   *notify.Service // nil: nobody asks
	inherited *handover.Inherited
	beats     chan struct{} // the main loop takes part as long as it lives
	// adminAddress is the admin side's as configured at the start.
	adminAddress string
	deserted     string // path of the old process's admin socket, if it is not ours
}

// start says what is to be run.
type start struct {
	path      string              // of the configuration
	inherited *handover.Inherited // nil: nothing
	up        func(*process)      // called once everything is bound; nil: not
}

// assemble reads the file and builds and binds everything that it describes.
func assemble(e env, s start) (*process, error) {
	cfg, problems := examine(s.path)
	if problems.Errors() > 0 {
		printProblems(io.MultiWriter(e.stderr, s.inherited.Complaints()), problems)
		return nil, errSaid
	}
	plog, err := openProcessLog(e, cfg.Log)
	if err != nil {
		return nil, failed(err)
	}
	p := &process{env: e, log: plog, service: notify.FromEnv(), inherited: s.inherited, beats: make(chan struct{})}
	if err := p.build(cfg, problems); err != nil {
		return nil, errors.Join(err, plog.Close())
	}
	return p, nil
}

func (p *process) build(cfg *config.Config, warnings config.Problems) error {
	p.log.Info().Str("version", version()).Str("file", cfg.Path).Int("pid", os.Getpid()).Msg("starting")
	for _, w := range warnings {
		p.log.Warn().Msg(w.String())
	}
	sockets, adminSocket := p.passed(cfg)
	door, err := proxy.New(cfg, proxy.Options{Log: p.log.Logger, Version: version(), Inherited: sockets, Links: p.inherited.OldProcesses()})
	var problems config.Problems
	if errors.As(err, &problems) {
		printProblems(io.MultiWriter(p.env.stderr, p.inherited.Complaints()), problems)
		return errSaid
	}
	if err != nil {
		return failed(err)
	}
	p.door = door
	if err := door.Listen(); err != nil {
		return failed(errors.Join(err, abandon(door)))
	}
	p.warm(cfg)
	p.reload = newReloader(cfg, p)
	return p.startAdmin(cfg, adminSocket)
}

func (p *process) startAdmin(cfg *config.Config, passed *os.File) error {
	if cfg.Admin.Address == "" {
		return nil
	}
	p.adminAddress = cfg.Admin.Address
	side, err := admin.Start(admin.Options{
		Address:   cfg.Admin.Address,
		Inherited: passed,
		Later:     p.takesOver(),
		Token:     cfg.Admin.Token,
		Door:      p.door,
		Reload:    p.reload.Now,
	})
	if err != nil {
		p.reload.Close(context.Background()) // none was asked for
		return failed(errors.Join(err, abandon(p.door)))
	}
	p.admin = side
	p.log.Info().Stringer("address", side.Addr()).Msg("admin side listening")
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
