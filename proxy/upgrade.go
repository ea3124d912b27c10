package proxy

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"

	"sterling/backend"
	"sterling/internal/tunnel"
)

// tunnels is the set of upgraded connections, so that a reload and the end of
// the process can reach them: the server below forgets a connection once it
// is hijacked.
type tunnels struct {
	// openMu guards open.
	openMu sync.Mutex
	open   map[*tunnel.Conn]*exchange
}

// openTunnel wraps a connection that was just hijacked. ReverseProxy hijacks
// only after the backend's 101, so nothing that the client sent ahead of it
// has reached the backend yet: the tunnel replays it.
func (x *exchange) openTunnel(conn net.Conn, rw *bufio.ReadWriter) (net.Conn, *bufio.ReadWriter, error) {
	var ahead []byte
	if n := rw.Reader.Buffered(); n > 0 {
		ahead = make([]byte, n)
		if _, err := io.ReadFull(rw.Reader, ahead); err != nil {
			return nil, nil, err
		}
	}
	set := &x.door.server.tunnels
	// Whoever ends the tunnel reports here; finish waits for it.
	ended := make(chan tunnel.Stats, 1)
	x.tunnel = ended
	set.openMu.Lock() // OnClose may be called before New has returned
	var t *tunnel.Conn
	t = tunnel.New(conn, ahead, tunnel.Options{
		Idle:      x.route.pool.cfg.Timeout.Tunnel,
		WebSocket: strings.EqualFold(x.upgrade, "websocket"),
		Backend:   x.reply,
		OnClose: func(s tunnel.Stats) {
			set.remove(t)
			ended <- s
		},
	})
	set.add(t, x)
	set.openMu.Unlock()
	// Neither a shutdown nor a reload that has told its tunnels may miss this one.
	now := x.door.server.snapshot.Load()
	switch {
	case x.door.server.stopping():
		t.GoAway(closeGoingAway, "the server is shutting down")
	case now != x.snap && !now.keeps(x):
		t.GoAway(closeGoingAway, reloaded)
	}
	return t, t.ReadWriter(), nil
}

// reloaded is what tunnels hear that a reload leaves without their route.
const reloaded = "the configuration has changed"

// closeGoingAway is the websocket status for an endpoint that goes away (RFC 6455, section 7.4.1).
const closeGoingAway = 1001

// add expects openMu to be held.
func (s *tunnels) add(t *tunnel.Conn, x *exchange) {
	if s.open == nil {
		s.open = make(map[*tunnel.Conn]*exchange)
	}
	s.open[t] = x
}

func (s *tunnels) remove(t *tunnel.Conn) {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	delete(s.open, t)
}

// count is the number of open tunnels.
func (s *tunnels) count() int {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	return len(s.open)
}

// of is the number of open tunnels to a backend.
func (s *tunnels) of(b *backend.Backend) int {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	n := 0
	for _, x := range s.open {
		if x.winner.Backend == b {
			n++
		}
	}
	return n
}

// byBackend is of, for all backends that have any.
func (s *tunnels) byBackend() map[*backend.Backend]int {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	out := make(map[*backend.Backend]int)
	for _, x := range s.open {
		out[x.winner.Backend]++
	}
	return out
}

// goAway tells every tunnel that chosen picks to end, and returns how many
// those are. It does not wait for them.
func (s *tunnels) goAway(reason string, chosen func(*exchange) bool) int {
	s.openMu.Lock()
	var told []*tunnel.Conn
	for t, x := range s.open {
		if chosen(x) {
			told = append(told, t)
		}
	}
	s.openMu.Unlock()
	for _, t := range told {
		t.GoAway(closeGoingAway, reason)
	}
	return len(told)
}

// cut closes what is still open.
func (s *tunnels) cut() {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	for t := range s.open {
		go t.End("shutdown") //nolint:errcheck // nobody is left to tell
	}
}
