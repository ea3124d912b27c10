package http1

import (
	"errors"
	"net/http"
)

// switched hands the connection over after a 101 that was asked for.
func (x *exchange) switched(res *http.Response) (*http.Response, Phase, error) {
	if !x.upgrade || x.Body != nil {
		return nil, PhaseHead, malformed("101 to a request that asked for no upgrade")
	}
	c := x.c
	c.endSteps()
	c.setReadDeadline(noDeadline)
	c.clearWriteDeadline()
	c.mu.Lock()
	c.upgraded = true
	c.mu.Unlock()
	res.Body = &switchedConn{x: x}
	return res, 0, nil
}

// switchedConn is the connection after an upgrade. What was read with the head
// comes first.
type switchedConn struct{ x *exchange }

func (s *switchedConn) Read(p []byte) (int, error) {
	n, err := s.x.c.br.Read(p)
	return n, s.because(err)
}

func (s *switchedConn) Write(p []byte) (int, error) {
	n, err := s.x.c.nc.Write(p)
	return n, s.because(err)
}

// because returns the cause of an Abort in place of its consequence.
func (s *switchedConn) because(err error) error {
	if err == nil || ended(err) {
		return err
	}
	if cause := s.x.c.aborted(); cause != nil {
		return cause
	}
	return err
}

// CloseWrite tells the server that nothing more comes. Over TLS it may wait for
// a Write that is under way.
func (s *switchedConn) CloseWrite() error {
	if cause := s.x.c.aborted(); cause != nil {
		return cause
	}
	if c, ok := s.x.c.nc.(interface{ CloseWrite() error }); ok {
		return s.because(c.CloseWrite())
	}
	return errors.ErrUnsupported
}

// Close closes the connection.
func (s *switchedConn) Close() error {
	if s.x.unhook != nil {
		s.x.unhook()
	}
	return s.x.c.Close()
}
