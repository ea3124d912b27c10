package proxy

import (
	"reflect"

	"sterling/internal/config"
)

// pending says in lines what next has of its configuration only after a restart:
// where that differs from what the process runs with, whatever the files between
// have had.
func (s *Server) pending(doors []standing, next *snapshot) []string {
	old, cfg := s.begun, next.cfg
	lines := compareKeys([]keyed{
		{"log", old.Log, cfg.Log},
		{"access_log", old.AccessLog, cfg.AccessLog},
		{"admin", old.Admin, cfg.Admin},
		{"state", old.State, cfg.State},
		{"limits", old.Limits, cfg.Limits},
		{"tls.acme", authority(old), authority(cfg)},
		{"tls.min_version", old.TLS.MinVersion, cfg.TLS.MinVersion},
		{"tls.suites", old.TLS.Suites, cfg.TLS.Suites},
		{"tls.curves", old.TLS.Curves, cfg.TLS.Curves},
	}, "")
	return append(lines, s.pendingListeners(doors, next)...)
}

// pendingListeners has those of the file in their order, and then the doors that
// are not in it.
func (s *Server) pendingListeners(doors []standing, next *snapshot) []string {
	var lines []string
	at := make(map[int]*door) // by place in the file
	left := make(map[string]bool)
	for i, d := range s.doors {
		if n := doors[i].listener; n >= 0 {
			at[n] = d
		} else {
			left[doors[i].name] = true
		}
	}
	for i, l := range next.cfg.Listeners {
		d := at[i]
		switch {
		case d == nil && !left[l.Name]:
			lines = append(lines, "listener "+l.Name+" (new)")
		case d == nil || boundOnce(d.cfg) != boundOnce(l) || !reflect.DeepEqual(next.listeners[d.name].cfg, l):
			lines = append(lines, "listener "+l.Name)
		}
		delete(left, l.Name)
	}
	for _, d := range doors {
		if left[d.name] {
			lines = append(lines, "listener "+d.name+" (removed)")
		}
	}
	return lines
}

// authority is the part of [tls.acme] that is fixed at the start; the names
// change with a reload.
func authority(cfg *config.Config) *config.ACME {
	if cfg.TLS.ACME == nil {
		return nil
	}
	a := *cfg.TLS.ACME
	a.Hosts = nil
	return &a
}

// boundOnce is the part of a listener that is fixed when it is bound.
func boundOnce(l config.Listener) any {
	return [...]any{l.Address, l.Protocol, l.Engine, l.Idle, l.HeaderTimeout, l.WriteIdle, l.MaxHeader, l.MaxHeaders, l.ProxyProtocol, l.HTTP3, l.HTTP3Port, l.EarlyData}
}
