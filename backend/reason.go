package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// describe says in a few words why a check or a connect failed, for status and
// log. limit is the time that it was given.
func describe(err error, limit time.Duration) string {
	var status statusError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("timeout after %v", limit)
	case errors.As(err, &dns):
		return fmt.Sprintf("name %s does not resolve", dns.Name)
	case errors.As(err, &certificate):
		return fmt.Sprintf("certificate not accepted: %v", certificate.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed without an answer"
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error() // "connection refused", "no route to host"
	}
	return err.Error()
}

// statusError is a check's answer with a status outside of the range.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("HTTP %d", int(s)) }
