package proxy

import (
	"crypto/tls"
	"errors"
	"sync/atomic"
	"time"
)

// refusals counts client certificates that were refused in handshakes. That is
// weather where strangers try theirs, and an outage where a list or an authority
// has ended: so it is logged, but seldom.
type refusals struct {
	count atomic.Uint64
	told  atomic.Int64 // when one was logged, in Unix nanoseconds
}

// tellRefusals is the least time between two of them in the log.
const tellRefusals = time.Minute

// add counts one, and reports whether it is to be logged.
func (r *refusals) add(now time.Time) bool {
	r.count.Add(1)
	last := r.told.Load()
	return now.UnixNano()-last >= int64(tellRefusals) && r.told.CompareAndSwap(last, now.UnixNano())
}

// refusedCertificate is told why a client's certificate was refused.
func (s *Server) refusedCertificate(reason string) {
	if s.refusals.add(time.Now()) {
		s.log.Warn().Str("reason", reason).Uint64("refused", s.refusals.count.Load()).Msg("a client's certificate was refused")
	}
}

// refusedBy counts a certificate that crypto/tls itself has refused, where that is
// why a connection has ended.
func (s *Server) refusedBy(err error) {
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		s.refusedCertificate(refused.Err.Error())
	}
}
