package backend

import (
	"slices"
	"sync"
	"time"

	"sterling/internal/http1"
	"sterling/internal/proxyline"
)

// idleConn is a connection that waits for its next exchange.
type idleConn struct {
	*http1.ClientConn
	since   time.Time // when its last answer had come
	expires time.Time
	ends    proxyline.Ends // whom it was made for; zero: anybody
}

// idlePool is the idle connections to one backend, the one used last on top:
// what is not needed any more sinks to the bottom and expires there.
type idlePool struct {
	mu     sync.Mutex // guards what follows
	conns  []idleConn
	closed bool
}

// take returns the connection that was used last, if it has been idle for less
// than maxAge; 0: whatever its age. The caller owns it and must see whether it
// is still alive.
func (p *idlePool) take(now time.Time, maxAge time.Duration) (idleConn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.conns) - 1
	if n < 0 {
		return idleConn{}, false
	}
	c := p.conns[n]
	if maxAge > 0 && now.Sub(c.since) >= maxAge || now.After(c.expires) {
		return idleConn{}, false // those below are older still
	}
	p.conns[n] = idleConn{}
	p.conns = p.conns[:n]
	return c, true
}

// takeOf is take for a connection that was made for a client.
func (p *idlePool) takeOf(ends proxyline.Ends, now time.Time, maxAge time.Duration) (idleConn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := len(p.conns) - 1; n >= 0; n-- {
		c := p.conns[n]
		if maxAge > 0 && now.Sub(c.since) >= maxAge || now.After(c.expires) {
			break // those below are older still
		}
		if c.ends == ends {
			p.conns = slices.Delete(p.conns, n, n+1)
			return c, true
		}
	}
	return idleConn{}, false
}

// oldest takes out the connection that has been idle for longest.
func (p *idlePool) oldest() (idleConn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.conns) == 0 {
		return idleConn{}, false
	}
	c := p.conns[0]
	p.conns = slices.Delete(p.conns, 0, 1)
	return c, true
}

// put keeps c, unless there are limit already or the pool is closed: then c is
// closed. Of those that were made for one client the oldest is, or clients that
// have gone would keep all places.
func (p *idlePool) put(c idleConn, limit int) {
	if not := p.keep(c, limit); not.ClientConn != nil {
		_ = not.Close() // nothing is under way on it
	}
}

// keep returns the one that is not kept, if any.
func (p *idlePool) keep(c idleConn, limit int) (not idleConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed || limit <= 0:
		return c
	case len(p.conns) >= limit && c.ends == proxyline.Ends{}:
		return c
	case len(p.conns) >= limit:
		not = p.conns[0]
		p.conns = slices.Delete(p.conns, 0, 1)
	}
	p.conns = append(p.conns, c)
	// What an answer's reader kept waiting is older than it comes.
	for i := len(p.conns) - 1; i > 0 && c.since.Before(p.conns[i-1].since); i-- {
		p.conns[i], p.conns[i-1] = p.conns[i-1], c
	}
	return not
}

// older takes out all connections idle for age or longer, for inspection.
func (p *idlePool) older(now time.Time, age time.Duration) []idleConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.conns) && now.Sub(p.conns[n].since) >= age {
		n++
	}
	taken := make([]idleConn, n)
	copy(taken, p.conns)
	rest := copy(p.conns, p.conns[n:])
	clear(p.conns[rest:])
	p.conns = p.conns[:rest]
	return taken
}

// restore puts inspected connections back to the bottom, where they came from;
// it returns those that must be closed because the pool was.
func (p *idlePool) restore(conns []idleConn) []idleConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return conns
	}
	p.conns = append(conns, p.conns...)
	return nil
}

// empty takes out everything, and for ever if last is set.
func (p *idlePool) empty(last bool) []idleConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.conns
	p.conns = nil
	p.closed = p.closed || last
	return taken
}

func closeAll(conns []idleConn) {
	for _, c := range conns {
		_ = c.Close() // nothing is under way on it
	}
}
