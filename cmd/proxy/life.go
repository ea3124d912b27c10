package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// afterCut is how long the end may take once it was asked for a second time.
const afterCut = 3 * time.Second

// oneWish is for how long further signals to stop are the same wish as the first:
// a supervisor may signal the process and then its whole group.
const oneWish = time.Second

// lifeSignals installs the handlers of a process that serves.
func (e env) lifeSignals() (<-chan os.Signal, func()) {
	// A reader of the standard streams that goes away must not end the process
	// with it; the write's error is enough.
	e.notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// Room for a few of each kind: signal delivery drops what does not fit.
	c := make(chan os.Signal, 16)
	e.notify(c, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM, syscall.SIGINT)
	return c, func() { e.stop(c) }
}

// serve runs what a file describes until a signal ends it.
func serve(e env, signals <-chan os.Signal, s start) error {
	p, err := assemble(e, s)
	if err != nil {
		return err
	}
	err = p.live(signals, s.up)
	return errors.Join(err, failed(p.log.Close()))
}

// live serves until a signal, or the door itself, ends it.
func (p *process) live(signals <-chan os.Signal, up func(*process)) error {
	l := &life{process: p, up: up, served: make(chan error, 1), begin: p.announce()}
	l.ctx, l.cut = context.WithCancel(context.Background())
	err := l.obey(signals)
	if l.drained == nil { // else drain has closed it
		p.letReloadEnd(l.ctx, afterCut)
	}
	l.cut()
	l.watch.Close()
	if p.admin != nil {
		if cerr := p.admin.Close(); cerr != nil {
			p.log.Warn().Err(cerr).Msg("closing the admin side")
		}
	}
	return err
}

// life is the main loop of a process.
type life struct {
	*process
	up       func(*process)  // nil: nobody waits
	begin    <-chan struct{} // closed when this process is to serve; nil: it does
	early    []os.Signal     // came before that
	served   chan error      // how the door has ended
	watch    *watch          // nil: not yet
	ctx      context.Context // ends when what is left is to be cut
	cut      context.CancelFunc
	drained  chan error // nil: no stop has begun
	deadline <-chan time.Time
	upgrade  *upgrade        // nil: none is running
	lost     <-chan struct{} // closed when nobody serves any more; nil: this process does
	heir     int             // process id of the one that has taken over; 0: none has
	asked    bool            // a signal has asked for the stop
	wished   time.Time       // when the first one came; zero: none has
}

// obey does what signals ask for until the door has ended.
func (l *life) obey(signals <-chan os.Signal) error {
	for {
		select {
		case <-l.begin:
			l.serve()
		case err := <-l.served:
			l.endUpgrade()
			return l.ended(err, l.drained, l.ctx.Err() != nil)
		case <-l.deadline:
			return failed(errors.New("ended at once, with work left open"))
		case err := <-l.upgrade.result():
			l.upgraded(err)
		case <-l.lost:
			l.forsaken()
		case <-l.beats:
		case s := <-signals:
			if l.begin == nil {
				l.signal(s)
			} else if err := l.postpone(s); err != nil {
				return err
			}
		}
	}
}

// serve opens the door, and does what signals have asked for meanwhile.
func (l *life) serve() {
	l.begin = nil
	// What the old process was told last is taken over before the first request.
	l.own()
	go func() { l.served <- l.door.Serve() }() // obey waits for it
	l.watch = l.process.watch()
	if l.up != nil {
		l.up(l.process)
	}
	for _, s := range l.early {
		l.signal(s)
	}
	l.early = nil
}

// postpone keeps a signal until this process serves. The old one lets it, or
// kills it, or ends, so that this is a matter of moments; a later signal to stop
// does not wait.
func (l *life) postpone(s os.Signal) error {
	if stops(s) && l.insists() {
		return failed(errors.Join(errors.New("ended at once"), abandon(l.door)))
	}
	if !slices.Contains(l.early, s) {
		l.early = append(l.early, s)
	}
	return nil
}

// insists notes a signal to stop, and reports whether it is one after the first.
func (l *life) insists() bool {
	now := l.env.now()
	if l.wished.IsZero() {
		l.wished = now
	}
	return now.Sub(l.wished) >= oneWish
}

func stops(s os.Signal) bool { return s == syscall.SIGTERM || s == syscall.SIGINT }

func (l *life) signal(s os.Signal) {
	switch {
	case s == syscall.SIGUSR1:
		l.reopen()
	case s == syscall.SIGHUP || s == syscall.SIGUSR2:
		if why := l.unable(s); why != "" {
			l.log.Warn().Stringer("signal", s).Str("reason", why).Msg("refused")
			return
		}
		if s == syscall.SIGHUP {
			if l.upgrade != nil {
				l.upgrade.reload = true
				l.log.Info().Stringer("signal", s).Msg("a reload follows the upgrade")
			}
			l.reload.Soon()
			return
		}
		l.beginUpgrade()
	case !l.asked:
		l.asked = true
		l.insists()
		l.stop(s)
	case l.deadline == nil && l.insists():
		l.log.Warn().Stringer("signal", s).Msg("stopping at once")
		l.cut()
		l.deadline = time.After(afterCut)
	}
}

// stop begins the end, or hurries the one that follows a hand-over.
func (l *life) stop(s os.Signal) {
	l.endUpgrade()
	l.log.Info().Stringer("signal", s).Msg("stopping: finishing what has begun")
	if l.heir != 0 {
		l.door.EndTunnels()
		return
	}
	l.tell(l.service.Stopping("finishing what has begun"))
	l.drained = make(chan error, 1)
	go func() { l.drained <- l.drain(l.ctx) }() // ended waits for it
}

// drain lets a reload end that has begun, and then everything else. What the one
// takes, up to half of the time there is, the other has less.
func (p *process) drain(ctx context.Context) error {
	limits := p.reload.current.Load().Shutdown
	ctx, cancel := context.WithTimeout(ctx, limits.Grace+limits.Timeout)
	defer cancel()
	p.letReloadEnd(ctx, limits.Timeout/2)
	return p.door.Shutdown(ctx)
}

// letReloadEnd waits for a reload that runs, though not for one that hangs.
func (p *process) letReloadEnd(ctx context.Context, limit time.Duration) {
	patient, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if !p.reload.Close(patient) && ctx.Err() == nil {
		p.log.Warn().Dur("waited", limit).Msg("a reload hangs: stopping without it")
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
		p.log.Info().Int("pid", os.Getpid()).Msg("stopped")
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
