package main

import (
	"context"
	"errors"
	"net"

	"sterling/internal/admin"
	"sterling/internal/config"
	"sterling/proxy"
)

// process is one running front door with its logs and its admin side.
type process struct {
	log    *processLog
	door   *proxy.Server
	reload *reloader
	admin  *admin.Server // nil: off
}

// assemble reads the file and builds and binds everything that it describes.
func assemble(e env, path string) (*process, error) {
	cfg, problems := examine(path)
	if problems.Errors() > 0 {
		printProblems(e.stderr, problems)
		return nil, errSaid
	}
	plog, err := openProcessLog(e, cfg.Log)
	if err != nil {
		return nil, failed(err)
	}
	p := &process{log: plog}
	if err := p.build(e, cfg, problems); err != nil {
		return nil, errors.Join(err, plog.Close())
	}
	return p, nil
}

func (p *process) build(e env, cfg *config.Config, warnings config.Problems) error {
	p.log.Info().Str("version", version()).Str("file", cfg.Path).Msg("starting")
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
	return p.startAdmin(cfg)
}

func (p *process) startAdmin(cfg *config.Config) error {
	if cfg.Admin.Address == "" {
		return nil
	}
	side, err := admin.Start(admin.Options{
		Address: cfg.Admin.Address,
		Token:   cfg.Admin.Token,
		Door:    p.door,
		Reload:  p.reload.Now,
	})
	if err != nil {
		p.reload.Close()
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
