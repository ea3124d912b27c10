package proxy

import (
	"context"

	"sterling/backend"
)

// Warm starts the health checks and waits until every backend has been
// checked, or ctx ends. It is for a process that takes over from another, which
// serves meanwhile.
func (s *Server) Warm(ctx context.Context) {
	pools := s.snapshot.Load().pools
	pools.Start()
	waitFor(ctx, func() bool {
		for _, p := range pools.All() {
			for _, m := range p.Members() {
				if m.Status().State == backend.Unproven {
					return false
				}
			}
		}
		return true
	})
}
