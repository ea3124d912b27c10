package http2

import (
	"errors"
	"fmt"

	"golang.org/x/net/http2"
)

// Why a request's context has ended, as its Poll says. The end of
// [ServerOptions].Base has the cause of that one.
var (
	// ErrReset: the client has reset the stream, or made the server reset it.
	ErrReset = errors.New("http2: the client reset the stream")
	// ErrGone: the connection has ended.
	ErrGone = errors.New("http2: the connection has ended")
	// ErrFinished: the handler has returned.
	ErrFinished = errors.New("http2: the handler has returned")
)

var (
	errSlow     = errors.New("the connection did not begin in time")
	errIdle     = errors.New("idle for too long")
	errLeaving  = errors.New("the server ends the connection")
	errBodyGone = errors.New("http2: the body is closed")
	errStalled  = errors.New("http2: the client takes nothing")
)

// connError ends the connection (RFC 9113, section 5.4.1).
type connError struct {
	code   http2.ErrCode
	reason string
}

func (e *connError) Error() string { return fmt.Sprintf("%v: %s", e.code, e.reason) }

func protocolError(reason string) error {
	return &connError{http2.ErrCodeProtocol, reason}
}

func sizeError(reason string) error {
	return &connError{http2.ErrCodeFrameSize, reason}
}

func calm(reason string) error {
	return &connError{http2.ErrCodeEnhanceYourCalm, reason}
}

// streamError resets a stream for a fault of the client (RFC 9113, section 5.4.2).
type streamError struct {
	stream uint32
	code   http2.ErrCode
	reason string
}

func (e *streamError) Error() string {
	return fmt.Sprintf("stream %d: %v: %s", e.stream, e.code, e.reason)
}
