package proxy

import (
	"crypto/tls"
	"net/http/httputil"
	"sync/atomic"
	"time"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/headers"
	"sterling/internal/router"
	"sterling/session"
	proxytls "sterling/tls"
)

// snapshot is everything that a reload exchanges. It is built whole, published
// by one atomic store, loaded once by each request, and never changed.
type snapshot struct {
	generation   uint64
	cfg          *config.Config
	table        *router.Table
	routes       []*route                  // in the order of the configuration; what table.Match returns is an index
	listeners    map[string]*listenerRules // by the names that doors had at the start
	certificates *proxytls.Store
	clients      *proxytls.Clients
	ech          []tls.EncryptedClientHelloKey
	files        string // fingerprint of what they were read from
	pools        *backend.Pools
	byName       map[string]*pool
	pending      []string // what its configuration changes only at a restart
}

// listenerRules is what requests of one listener are held to.
type listenerRules struct {
	cfg   config.Listener
	trust *headers.Trust
	to    redirection // if cfg has it redirect
}

// route is one route, ready to serve.
type route struct {
	cfg      config.Route
	pool     *pool
	request  *headers.Rules
	response *headers.Rules
	proxy    *httputil.ReverseProxy
	hsts     []string          // Strict-Transport-Security; nil: not sent. It is never written to
	strip    *session.Stripper // of all pools that visitors of its hosts may be pinned to
}

// pool is a backend.Pool with what the door adds to it.
type pool struct {
	*backend.Pool
	cfg      config.Pool
	affinity *session.Affinity // nil: nobody is pinned
	rewriter *headers.Rewriter
	counters *poolCounters
	places   map[string]*session.Place // of its backends in the census
	page     *page                     // where no backend could take a request; nil: a line of text
}

// sessions is how many visitors are pinned to m; nil where nobody is.
func (p *pool) sessions(m *backend.Member) *int64 {
	if p.affinity == nil {
		return nil
	}
	n := p.counters.census.Count(p.places[m.Name()], time.Now())
	return &n
}

// poolCounters count requests by affinity outcome, and the verdicts on their
// cookies. They outlive reloads.
type poolCounters struct {
	none, fresh, hit, moved, failed atomic.Uint64
	cookies                         session.Counts
	census                          *session.Census
	room                            waitingRoom
}

func (c *poolCounters) outcome(word string) {
	switch word {
	case affinityNone:
		c.none.Add(1)
	case affinityNew:
		c.fresh.Add(1)
	case affinityHit:
		c.hit.Add(1)
	case affinityMoved:
		c.moved.Add(1)
	case affinityFailed:
		c.failed.Add(1)
	}
}

func (c *poolCounters) byOutcome() map[string]uint64 {
	return map[string]uint64{
		affinityNone: c.none.Load(), affinityNew: c.fresh.Load(), affinityHit: c.hit.Load(),
		affinityMoved: c.moved.Load(), affinityFailed: c.failed.Load(),
	}
}
