package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sterling/internal/config"
	"sterling/internal/handover"
)

// adminSocket is the name under which the socket of the admin side is passed.
// No listener can have it.
const adminSocket = "[admin]"

// warmTime bounds how long a process that takes over waits for the first checks.
const warmTime = 5 * time.Second

// passed returns the sockets that were passed to this process: those for
// listeners, and that of the admin side, or nil.
func (p *process) passed(cfg *config.Config) (sockets []handover.Socket, side *os.File) {
	if p.inherited == nil {
		return nil, nil
	}
	for _, s := range p.inherited.Sockets {
		switch {
		case s.Name != adminSocket:
			sockets = append(sockets, s)
		case s.Address == cfg.Admin.Address:
			side = s.File
		default:
			_ = s.File.Close() // the old process has it, too
			p.deserted, _ = strings.CutPrefix(s.Address, "unix:")
		}
	}
	return sockets, side
}

// warm waits for the first checks, while the old process still serves.
func (p *process) warm(cfg *config.Config) {
	if !p.takesOver() {
		return
	}
	p.log.Info().Int("from", p.inherited.From).Msg("taking over")
	ctx, cancel := context.WithTimeout(context.Background(), min(warmTime, cfg.Upgrade.Timeout/2))
	defer cancel()
	p.door.Warm(ctx)
}

// takesOver reports whether another process serves until this one does.
func (p *process) takesOver() bool { return p.inherited != nil && p.inherited.From != 0 }

// announce tells the old process that this one can serve. What it returns is
// closed when this one is to begin.
func (p *process) announce() <-chan struct{} {
	if err := p.inherited.Ready(); err != nil {
		p.log.Warn().Err(err).Msg("the old process has ended by itself")
	}
	return p.inherited.LetGo()
}

// own takes over what has one owner, and tells everybody that this process
// serves.
func (p *process) own() {
	p.door.Own()
	if p.admin != nil {
		p.admin.Own()
	}
	if filepath.IsAbs(p.deserted) {
		_ = os.Remove(p.deserted) // nobody answers there any more
	}
	p.tell(p.service.Ready("serving"))
	p.signOfLife()
}

// tell logs that the service manager could not be told.
func (p *process) tell(err error) {
	if err != nil {
		p.log.Warn().Err(err).Msg("service manager")
	}
}

// inheritedFailure lets the old process hear why this one failed.
func inheritedFailure(h *handover.Inherited, err error) error {
	var f *failure
	if err != nil && !(errors.As(err, &f) && f.err == nil) {
		_, _ = fmt.Fprintln(h.Complaints(), err) // it may have gone on without us
	}
	return err
}
