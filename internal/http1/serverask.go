package http1

import "sync"

// serverAsk is what becomes of "Expect: 100-continue" (RFC 9110, section
// 10.1.1): the client hears 100 once, when somebody begins to read the body or
// the handler says so, and not after the final answer has begun. The reader may
// be another goroutine than the handler's.
type serverAsk struct {
	// mu is held while something is written that is not the final answer.
	mu      sync.Mutex
	pending bool
	said    bool // 100 was written
}

const continueLine = "HTTP/1.1 100 Continue\r\n\r\n"

// expect notes that the client waits.
func (a *serverAsk) expect() { a.pending = true }

// proceed writes the 100 if it is due.
func (a *serverAsk) proceed(c *serverConn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending {
		a.pending, a.said = false, true
		c.limits.handlersWrite()
		_, _ = c.nc.Write([]byte(continueLine)) // fails as reading the body will
	}
}

// settle says that the final answer begins. It waits for a 100 that is being
// written.
func (a *serverAsk) settle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = false
}

// proceeded reports whether the client was told to send the body.
func (a *serverAsk) proceeded() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.said
}

// inform writes an informational answer of the handler's, unless it is a
// second 100.
func (a *serverAsk) inform(c *serverConn, status int, answer []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if status == 100 {
		if a.said {
			return
		}
		a.pending, a.said = false, true
	}
	c.limits.handlersWrite()
	_, _ = c.nc.Write(answer) // fails as the final answer will
}

func (a *serverAsk) reset() { a.pending, a.said = false, false }
