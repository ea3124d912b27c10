package proxy

import (
	"fmt"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/state"
)

// place is a backend's place in the configuration.
type place struct{ pool, backend string }

func (p place) String() string { return fmt.Sprintf("pool %s: backend %s", p.pool, p.backend) }

// weights are those that were set by hand. A map that counts is not changed, but
// exchanged for another one together with the snapshot.
type weights map[place]state.Weight

// keptWeights are those that an earlier process kept.
func keptWeights(f state.File) weights {
	w := make(weights)
	for pool, backends := range f.Pools {
		for name, b := range backends {
			if b.Weight != nil {
				w[place{pool, name}] = *b.Weight
			}
		}
	}
	return w
}

// under returns those that go before what cfg says: a weight that it has changed
// meanwhile counts again, for good.
func (w weights) under(cfg *config.Config) weights {
	out := make(weights, len(w))
	for _, p := range cfg.Pools {
		for _, b := range p.Backends {
			at := place{p.Name, b.Name}
			if set, ok := w[at]; ok && set.Configured == b.Weight {
				out[at] = set
			}
		}
	}
	return out
}

// exchangeWeighed is exchange with other weights set by hand. After an error
// those before count. reloadMu is held.
func (s *Server) exchangeWeighed(cfg *config.Config, w weights, tell bool) (Report, error) {
	before := s.weights
	s.weights = w
	report, err := s.exchange(cfg, tell)
	if err != nil {
		s.weights = before
	}
	return report, err
}

// reweigh puts the weights that were set by hand in the place of the configured
// ones, unless those have changed since. reloadMu is held, or nobody else is
// there yet.
func (s *Server) reweigh(pools []backend.PoolOptions) {
	for i := range pools {
		for j := range pools[i].Backends {
			m := &pools[i].Backends[j]
			at := place{pools[i].Name, m.Name}
			if w, ok := s.weights[at]; ok && w.Configured == m.Weight {
				m.Weight = w.Given
			}
		}
	}
}
