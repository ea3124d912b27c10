package proxy

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"sterling/internal/handover"
)

// ofSystemd begins the address of a socket that systemd passes, and keeps.
const ofSystemd = "fd:"

// inherit makes a listener of a socket that was passed, and closes its file.
func inherit(s handover.Socket, limits *connectionLimits) (*listener, error) {
	l, err := net.FileListener(s.File) // works on a copy
	_ = s.File.Close()
	if err != nil {
		return nil, notPassed(s.Address, fmt.Errorf("it is not a listening socket: %w", err))
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		_ = l.Close()
		return nil, notPassed(s.Address, errors.New("it is not a TCP socket"))
	}
	in := &listener{TCPListener: tcp, passed: strings.HasPrefix(s.Address, ofSystemd), limits: limits}
	in.lent.Store(s.Name != "")
	return in, nil
}

var errNotPassed = errors.New("no socket of that name was passed to this process")

func notPassed(address string, err error) *BindError {
	b := &BindError{Address: address, Err: err}
	if name, ok := strings.CutPrefix(address, ofSystemd); ok {
		b.Hint = "pass it by a systemd .socket unit with FileDescriptorName=" + name
	}
	return b
}

// heirs finds the socket that was passed for each door: that of its name and
// address, or else one of its address that no other door has a better right to.
// The rest is closed, but for those of systemd, which the next process may use.
func (s *Server) heirs() map[*door]handover.Socket {
	of := make(map[*door]handover.Socket)
	claim := func(fits func(*door, handover.Socket) bool) {
		for _, d := range s.doors {
			for i, passed := range s.inherited {
				if _, has := of[d]; !has && fits(d, passed) {
					of[d] = passed
					s.inherited = append(s.inherited[:i:i], s.inherited[i+1:]...)
					break
				}
			}
		}
	}
	claim(func(d *door, p handover.Socket) bool { return p.Address == d.cfg.Address && p.Name == d.name })
	claim(func(d *door, p handover.Socket) bool { return p.Address == d.cfg.Address })
	var spare []handover.Socket
	for _, p := range s.inherited {
		if strings.HasPrefix(p.Address, ofSystemd) {
			spare = append(spare, p)
		} else {
			_ = p.File.Close() // the process that passed it has its own
		}
	}
	s.inherited = spare
	return of
}

// Files returns a copy of every listening socket, for a process that is to take
// over, and of those of systemd that no listener uses. The caller closes them.
// It may be called after Listen and before a shutdown.
func (s *Server) Files() ([]handover.Socket, error) {
	var out []handover.Socket
	for _, d := range s.doors {
		f, err := handover.File(d.listener, d.called())
		if err != nil {
			handover.Close(out)
			return nil, fmt.Errorf("listener %q: %w", d.called(), err)
		}
		out = append(out, handover.Socket{Name: d.called(), Address: d.cfg.Address, File: f})
	}
	for _, spare := range s.inherited {
		f, err := handover.File(spare.File, spare.Address)
		if err != nil {
			handover.Close(out)
			return nil, err
		}
		out = append(out, handover.Socket{Address: spare.Address, File: f})
	}
	return out, nil
}

// Own says that the process which passed the sockets has let go of them, or is
// gone. Until then a shutdown does nothing to them that it would feel, and the
// state file is the other's: what it has written last is taken over now, and old
// processes follow this one. It comes before Serve.
func (s *Server) Own() {
	for _, d := range s.doors {
		d.listener.lent.Store(false)
	}
	s.takeOverState()
	if s.elders != nil {
		s.elders.begin()
	}
}

// Detach ends what one process alone may do, before another one that takes over
// does it: when it returns, the state file is not written any more, and no order
// is taken. Older processes are left to the other. What is served goes on.
func (s *Server) Detach() {
	s.reloadMu.Lock() // an order that has begun is kept
	s.detached.Store(true)
	s.keeper.detach()
	s.reloadMu.Unlock()
	s.elders.end()
}

// Links are those to older processes that have not ended, for a process that is
// to take over. They stay the Server's.
func (s *Server) Links() []*handover.Link { return s.elders.open() }
