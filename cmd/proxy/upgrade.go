package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"sterling/internal/handover"
)

// upgrade is a new process that is about to take over.
type upgrade struct {
	child  *handover.Child
	cancel context.CancelCauseFunc
	done   chan error // nil: it can serve; else it has failed, and is gone
	reload bool       // was asked for meanwhile
}

// result is where the outcome comes from; a nil upgrade has none.
func (u *upgrade) result() <-chan error {
	if u == nil {
		return nil
	}
	return u.done
}

// pidOne is the process that a container, or a system, ends with.
const pidOne = 1

// unable says why a reload or an upgrade cannot begin now; "": it can.
func (l *life) unable(s os.Signal) string {
	switch {
	case l.heir != 0:
		return fmt.Sprintf("process %d has taken over: send the signal to that one", l.heir)
	case l.drained != nil:
		return "the process is stopping"
	case s == syscall.SIGHUP:
		return ""
	case l.upgrade != nil:
		return "an upgrade is running"
	case l.env.pid == pidOne:
		return "as process 1, this one ends its container with it: replace the container"
	case l.env.program == "":
		return "this process was not started by \"run\""
	}
	return ""
}

var (
	errUpgradeLate = errors.New("it did not come to serve in time")
	errUpgradeStop = errors.New("the process was told to stop")
)

// beginUpgrade starts the new process.
func (l *life) beginUpgrade() {
	if !l.reload.Pause() {
		l.log.Warn().Str("reason", "a reload is running").Msg("refused")
		return
	}
	child, err := l.startHeir()
	if err != nil {
		l.reload.Resume()
		l.log.Error().Err(err).Msg("upgrade failed; this process goes on")
		return
	}
	limit := l.reload.current.Load().Upgrade.Timeout
	l.log.Info().Int("pid", child.PID()).Dur("timeout", limit).Msg("upgrading: the new process has begun")
	l.tell(l.service.Status("handing over to a new process"))
	ctx, cancel := context.WithCancelCause(context.Background())
	l.upgrade = &upgrade{child: child, cancel: cancel, done: make(chan error, 1)}
	go func() { // endUpgrade ends it, and the main loop waits for it
		timed, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w (%v)", errUpgradeLate, limit))
		defer stop()
		l.upgrade.done <- child.Wait(timed)
	}()
}

// startHeir starts the program with all sockets.
func (p *process) startHeir() (*handover.Child, error) {
	sockets, err := p.door.Files()
	if err != nil {
		return nil, err
	}
	defer func() { handover.Close(sockets) }()
	if p.admin != nil {
		f, err := p.admin.File()
		if err != nil {
			return nil, fmt.Errorf("admin side: %w", err)
		}
		sockets = append(sockets, handover.Socket{Name: adminSocket, Address: p.adminAddress, File: f})
	}
	return handover.Start(handover.Options{
		Program: p.env.program, Args: p.env.args, Sockets: sockets, Links: p.door.Links(), Output: p.env.stderr,
	})
}

// upgraded follows the outcome of an upgrade.
func (l *life) upgraded(err error) {
	child, reload := l.upgrade.child, l.upgrade.reload
	l.upgrade.cancel(nil)
	l.upgrade = nil
	if err != nil {
		l.reload.Resume() // and one that was asked for begins
		var said []string
		var f *handover.Failure
		if errors.As(err, &f) {
			said, err = f.Said, f.Err
		}
		l.log.Error().Int("pid", child.PID()).Strs("said", said).AnErr("error", err).
			Msg("upgrade failed; this process goes on")
		l.tell(l.service.Status("serving; the last upgrade failed"))
		return
	}
	l.heir = child.PID()
	l.watch.Close()
	l.signOfLife()
	l.tell(l.service.MainPID(l.heir))
	if l.admin != nil {
		l.admin.Leave()
	}
	l.door.Detach()
	l.lost = l.door.Follow(child.Link())
	child.LetGo()
	if reload {
		tellHeir(child, syscall.SIGHUP) // it may have read the file before that was changed
	}
	l.log.Info().Int("pid", os.Getpid()).Int("heir", l.heir).Msg("handed over: finishing what has begun")
	l.drained = make(chan error, 1)
	go func() { l.drained <- l.leave() }() // ended waits for it
}

// leave is drain for a process that has handed over.
func (l *life) leave() error {
	l.reload.Quit()
	var side chan error
	if l.admin != nil {
		side = make(chan error, 1)
		go func() { side <- l.admin.Close() }() // waited for below
	}
	err := l.door.ShutdownHandedOver(l.ctx)
	if side != nil {
		err = errors.Join(err, <-side)
	}
	return err
}

// forsaken ends this process at once, because nobody serves: the sockets are
// closed, and only a start from scratch helps. The service manager does not see
// the end of a process that it has not started, so this one takes the name of
// the main one back, and fails in its place.
func (l *life) forsaken() {
	l.lost = nil
	l.log.Error().Int("heir", l.heir).Msg("the process that has taken over is gone, and nobody serves: ending at once")
	l.tell(l.service.MainPID(os.Getpid()))
	l.cut()
	l.deadline = time.After(afterCut)
}

// endUpgrade gives up an upgrade that is running, because this process stops. A
// new process that is ready by now serves, and stops as this one does.
func (l *life) endUpgrade() {
	if l.upgrade == nil {
		return
	}
	l.upgrade.cancel(errUpgradeStop)
	child := l.upgrade.child
	err := <-l.upgrade.done
	l.upgraded(err)
	if err != nil {
		return
	}
	tellHeir(child, syscall.SIGTERM)
}

// tellHeir sends a signal to the process that has taken over.
func tellHeir(child *handover.Child, s os.Signal) {
	if p, err := os.FindProcess(child.PID()); err == nil {
		_ = p.Signal(s) // it may be gone
	}
}
