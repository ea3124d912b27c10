package acme

import (
	"crypto/tls"
	"time"
)

// site is one name. Its fields are guarded by the Manager's mu.
type site struct {
	name     string
	cert     *tls.Certificate // nil: none yet
	unsaved  []byte           // the same as PEM, where it could not be stored
	unstored Unstored         // why
	failure  Failure
	due      time.Time // when something is to be done
	forced   bool      // an order, though the certificate is good
	since    time.Time // when the certificate came; zero: that is not known
	working  bool
	settled  chan struct{} // closed when there is a good certificate, or the first order failed
}

// schedule sets when something is to be done.
func (s *site) schedule() {
	s.due = s.next()
	if s.unsaved != nil && s.unstored.Next.Before(s.due) {
		s.due = s.unstored.Next
	}
}

// late reports whether the certificate came with a third of its life left, or
// less, as far as the clock can be believed by now.
func (s *site) late(now time.Time) bool {
	came := s.since.Round(0) // by the wall
	return s.cert != nil && !came.IsZero() && !came.After(now.Add(skew)) && !renewal(s.cert).After(came)
}

// next is when there is to be an order.
func (s *site) next() time.Time {
	var due time.Time
	if s.cert != nil && !s.forced {
		due = renewal(s.cert)
		if least := s.since.Add(floor(s.cert)); !s.since.IsZero() && least.After(due) {
			due = least
		}
	}
	if s.failure.Count > 0 && s.failure.Next.After(due) {
		due = s.failure.Next
	}
	return due
}

// settle lets those go who wait for the first certificate.
func (s *site) settle() {
	select {
	case <-s.settled:
	default:
		close(s.settled)
	}
}
