package http1

import (
	"errors"
	"io"
	"sync"
)

var errSuperseded = errors.New("another attempt reads the body now")

// BodyError wraps a failure to read the client's body.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "reading the request body: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BodyError) Unwrap() error { return e.Err }

// Spool lets the attempts of one request share the one body that the client
// sends. It keeps what was read, up to a limit, for the next attempt; past the
// limit bytes go straight through, and there is no next attempt. (What is read
// while the attempt changes is kept, too: a read's worth over the limit.) Its methods
// may be called by any goroutine.
type Spool struct {
	src   io.Reader
	limit int64

	// mu guards the rest; cond is signalled when reading turns false or current changes.
	mu      sync.Mutex
	cond    sync.Cond
	kept    []byte
	read    int64 // bytes taken from src
	reading bool  // somebody is in src.Read
	err     error // what src ended with: io.EOF or a *BodyError
	current *SpoolReader
}

// NewSpool reads src, of which it keeps up to limit bytes.
func NewSpool(src io.Reader, limit int64) *Spool {
	s := &Spool{src: src, limit: limit}
	s.cond.L = &s.mu
	return s
}

// Replayable reports whether all that was read is still there.
func (s *Spool) Replayable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read == int64(len(s.kept))
}

// Read returns how many bytes were taken from the client so far.
func (s *Spool) Read() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// Complete reports whether the client's body has been read to its end.
func (s *Spool) Complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ended(s.err)
}

// Attempt returns a reader from the first byte, and ends the one before it. It
// reports false when the first bytes are gone.
func (s *Spool) Attempt() (*SpoolReader, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read != int64(len(s.kept)) {
		return nil, false
	}
	s.current = &SpoolReader{spool: s}
	s.cond.Broadcast()
	return s.current, true
}

// SpoolReader is one attempt's view of the body.
type SpoolReader struct {
	spool *Spool
	at    int
}

// Read implements [io.Reader]. What it reads while it is superseded goes to
// the attempt that did so.
func (r *SpoolReader) Read(p []byte) (int, error) {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.current != r:
			return 0, errSuperseded
		case r.at < len(s.kept):
			n := copy(p, s.kept[r.at:])
			r.at += n
			return n, r.end()
		case s.err != nil:
			return 0, s.err
		case !s.reading:
			return r.fetch(p)
		}
		s.cond.Wait()
	}
}

// Buffered implements [Buffered].
func (r *SpoolReader) Buffered() ([]byte, bool) {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.current != r || s.reading || s.read != int64(len(s.kept)):
		return nil, false
	case s.err != nil:
		return s.kept[r.at:], ended(s.err)
	case s.read > 0:
		return nil, false
	}
	if b, ok := s.src.(Buffered); ok {
		return b.Buffered()
	}
	return nil, false
}

// fetch takes the next bytes from the source. mu is held.
func (r *SpoolReader) fetch(p []byte) (int, error) {
	s := r.spool
	keep := s.read == int64(len(s.kept)) && s.read < s.limit
	if keep {
		p = p[:min(int64(len(p)), s.limit-s.read)]
	}
	n, err := s.take(p)
	if keep || s.current != r && s.read == int64(len(s.kept)) {
		s.kept = append(s.kept, p[:n]...) // over the limit, for the one that supersedes r
	}
	s.read += int64(n)
	if err != nil {
		if !ended(err) {
			err = &BodyError{err}
		}
		s.err = err
	}
	if s.current != r {
		return 0, errSuperseded
	}
	r.at += n
	if n > 0 {
		return n, r.end()
	}
	return 0, s.err
}

// take reads from the source without mu, which it holds again even if that
// panics.
func (s *Spool) take(p []byte) (int, error) {
	s.reading = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.reading = false
		s.cond.Broadcast()
	}()
	return s.src.Read(p)
}

// end returns io.EOF with the last bytes, where it is known by then: a small
// body can be sent in one piece with its end. mu is held.
func (r *SpoolReader) end() error {
	if ended(r.spool.err) && int64(r.at) == r.spool.read {
		return io.EOF
	}
	return nil
}

// Close ends the reader. A Read that waits for the client goes on, for the
// benefit of the next attempt.
func (r *SpoolReader) Close() error {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == r {
		s.current = nil
		s.cond.Broadcast()
	}
	return nil
}
