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
}

// Status tells of every name, in their order.
func (m *Manager) Status() []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Status
	for _, s := range m.sites {
		st := Status{Name: s.name, Next: s.due, Ordering: s.working, Failure: s.failure}
		if s.cert != nil {
			st.Certificate = s.cert.Leaf
		}
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all
}
