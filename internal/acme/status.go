package acme

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// Certificates are those to serve, by the names' order.
func (m *Manager) Certificates() []*tls.Certificate {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*tls.Certificate
	for _, s := range m.sites {
		if s.cert != nil {
			all = append(all, s.cert)
		}
	}
	slices.SortFunc(all, func(a, b *tls.Certificate) int {
		return strings.Compare(strings.Join(a.Leaf.DNSNames, ","), strings.Join(b.Leaf.DNSNames, ","))
	})
	return all
}

// Status is what is known of a name.
type Status struct {
	Name        string
	Certificate *x509.Certificate // nil: none yet
	// Next is when it is renewed, or tried again; zero: right now.
	Next     time.Time
	Ordering bool
	Failure  Failure // Count is 0: the last order was a success
	// Unstored is why the certificate could not be stored; Error is "": it was.
	Unstored Unstored
	// Late says that the certificate came with a third of its life left, or
	// less: by a clock that is wrong, if not by the authority's doing.
	Late bool
}

// Unstored is of a certificate that is served, and that the end of the process
// would lose, since it could not be stored.
type Unstored struct {
	Since time.Time // the first try
	Next  time.Time // the next one
	Error string    // of the last one
}

// Status tells of every name, in their order.
func (m *Manager) Status() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Status
	for _, s := range m.sites {
		st := Status{Name: s.name, Next: s.due, Ordering: s.working, Failure: s.failure, Late: s.late(time.Now())}
		if s.unsaved != nil {
			// What is due, or under way, may be but another try to store it.
			st.Unstored, st.Next = s.unstored, s.next()
			st.Ordering = s.working && !st.Next.After(time.Now())
		}
		if s.cert != nil {
			st.Certificate = s.cert.Leaf
		}
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all
}
