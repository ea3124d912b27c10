package acme

import (
	"context"
	"strings"
	"time"
)

// maxWaiting is how many handshakes may wait for a certificate.
const maxWaiting = 1000

// Await waits while the first certificate of a name is on its way, or one in the
// place of another that had ended when the process started. It reports whether
// there is one.
func (m *Manager) Await(ctx context.Context, name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	m.mu.Lock()
	s := m.sites[name]
	var settled <-chan struct{}
	if s != nil {
		settled = s.settled
	}
	m.mu.Unlock()
	if settled == nil {
		return false
	}
	select {
	case <-settled:
	default:
		if m.waiting.Add(1) <= maxWaiting {
			late := time.NewTimer(m.opts.Wait)
			select {
			case <-settled:
			case <-late.C:
			case <-ctx.Done():
			case <-m.ctx.Done():
			}
			late.Stop()
		}
		m.waiting.Add(-1)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return s.cert != nil
}
