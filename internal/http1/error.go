package http1

import (
	"errors"
	"fmt"
	"io"
)

// ErrMalformed is the root of every error about an answer that is no HTTP.
var ErrMalformed = errors.New("malformed answer")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// ended reports whether err is the end of what was read. What wraps io.EOF is
// not: it tells of an end that came too early, and a body that breaks off must
// never pass for a whole one.
func ended(err error) bool {
	return err == io.EOF //nolint:errorlint // a Reader's end is io.EOF itself
}

// Phase is how far an exchange had got.
type Phase int

const (
	PhaseWrite Phase = iota // the request was being sent
	PhaseWait               // the request was sent, no byte of an answer had come
	PhaseHead               // the head of the answer was being read
	PhaseBody               // the body of the answer was being read
)

// Error says how far an exchange got before it failed.
type Error struct {
	Phase Phase
	Sent  bool // a byte of the request may have left
	Seen  bool // a byte of the answer was read
	// Unprocessed: it is proved that the server's kernel took in no byte of
	// the request, so that its program saw none.
	Unprocessed bool
	Timeout     bool // a limit of the Exchange passed
	Err         error
}

func (e *Error) Error() string { return "http1: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Malformed reports whether the server's answer was no HTTP.
func (e *Error) Malformed() bool { return errors.Is(e.Err, ErrMalformed) }

// PanicError is a panic of the goroutine that sends a body, most likely in
// the body's Read, brought to the one that waits for the answer.
type PanicError struct {
	Value any
	Stack []byte
}

// Error does not hold the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("a panic while sending the body: %v", e.Value)
}
