package proxy

import "context"

// Warm starts the health checks and waits until every backend has been
// checked, or ctx ends. It is for a process that takes over from another, which
// serves meanwhile. What that one knew of a backend is no check.
func (s *Server) Warm(ctx context.Context) {
	pools := s.snapshot.Load().pools
	pools.Start()
	waitFor(ctx, func() bool {
		for _, p := range pools.All() {
			for _, m := range p.Members() {
				if !m.Examined() {
					return false
				}
			}
		}
		return true
	})
}
