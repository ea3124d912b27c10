package handover

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"syscall"
)

// Inherited is what a process got from the one before it, or from systemd.
type Inherited struct {
	// Sockets are the caller's: it closes what it does not use.
	Sockets []Socket
	// From is the process id of the old process; 0: there was none.
	From int
	// Links lead to the old process, and to older ones that have not ended. They
	// are the caller's, but nothing may be done with one before LetGo.
	Links []*Link

	ready      *os.File // nil: nobody waits
	quit       *os.File // ends when the old process has let go; nil: there is none, or it does not say
	complaints *os.File // the old process reads what is written to it
}

// Take finds what was passed to this process, and must be called once, before
// anything is written to standard error or opened. A process to which nothing
// was passed gets an Inherited without sockets.
func Take() (*Inherited, error) {
	m, handed, err := readMessage()
	if err != nil {
		return nil, err
	}
	if !handed {
		sockets, err := fromSystemd()
		return &Inherited{Sockets: sockets}, err
	}
	h := &Inherited{From: m.From}
	for _, s := range m.Sockets {
		h.Sockets = append(h.Sockets, Socket{Name: s.Name, Address: s.Address, File: adopt(s.FD, s.Address)})
	}
	for _, l := range m.Links {
		link, err := newLink(adopt(l.FD, "link"), l.PID)
		if err != nil {
			continue // only its numbers are missed
		}
		h.Links = append(h.Links, link)
	}
	h.ready = adopt(m.Ready, "ready")
	if m.Quit > 0 {
		h.quit = adopt(m.Quit, "quit")
	}
	if err := h.takeStderr(m.Stderr); err != nil {
		Close(h.Sockets)
		for _, l := range h.Links {
			l.Close()
		}
		return nil, errors.Join(fmt.Errorf("taking over standard error: %w", err), h.ready.Close())
	}
	return h, nil
}

// OldProcesses are the Links; a nil Inherited has none.
func (h *Inherited) OldProcesses() []*Link {
	if h == nil {
		return nil
	}
	return h.Links
}

// adopt makes a file of a descriptor that was passed. From here on no other
// program that this process starts gets it.
func adopt(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name) //nolint:gosec // a descriptor
}

// takeStderr puts the stream where it belongs, and keeps the pipe to the old
// process for what it must hear if this one fails.
func (h *Inherited) takeStderr(real int) error {
	stderr := adopt(real, "stderr")
	defer func() { _ = stderr.Close() }() // descriptor 2 is a copy
	pipe, err := syscall.Dup(syscall.Stderr)
	if err != nil {
		return err
	}
	h.complaints = adopt(pipe, "complaints")
	if err := replace(real, syscall.Stderr); err != nil {
		return errors.Join(err, h.complaints.Close())
	}
	// When the old process has ended by now, this one is needed all the more.
	if _, err := h.complaints.Write([]byte{taken}); err != nil && !errors.Is(err, syscall.EPIPE) {
		return errors.Join(err, h.complaints.Close())
	}
	return debug.SetCrashOutput(h.complaints, debug.CrashOptions{})
}

// Complaints is for what is wrong with the start: the old process logs it if
// this one does not come to be ready. What was written after that goes nowhere.
func (h *Inherited) Complaints() io.Writer {
	if h == nil || h.complaints == nil {
		return io.Discard
	}
	return h.complaints
}

// Ready tells the old process that this one can serve. An error says that it has
// ended meanwhile; then nobody else serves, either. Without an old process it
// does nothing. LetGo tells when to begin.
func (h *Inherited) Ready() error {
	if h == nil || h.ready == nil {
		return nil
	}
	_, err := io.WriteString(h.ready, readyWord)
	// The runtime has a copy of its own, which would keep the pipe open.
	err = errors.Join(err, debug.SetCrashOutput(nil, debug.CrashOptions{}))
	_, _ = h.ready.Close(), h.complaints.Close() // everything has been said
	h.ready = nil
	if err != nil {
		return fmt.Errorf("telling the old process: %w", err)
	}
	return nil
}

// LetGo returns a channel that is closed once this process is alone in what must
// have one owner, such as a file that is written anew: when the old process has
// let go of it, which follows Ready, or has ended. Until then the old one serves.
// It may be called once.
func (h *Inherited) LetGo() <-chan struct{} {
	gone := make(chan struct{})
	if h == nil || h.quit == nil {
		close(gone)
		return gone
	}
	go func() { // ends with the old process at the latest
		_, _ = h.quit.Read(make([]byte, 1)) // nothing is written: it is the end that counts
		_ = h.quit.Close()
		close(gone)
	}()
	return gone
}
