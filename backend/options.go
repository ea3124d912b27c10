package backend

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/url"
	"time"
)

// SetOptions configures a [Set].
type SetOptions struct {
	// OnEvent is told of changes of state, one at a time and in order. It may
	// read from any backend, must not block for long, and may be nil.
	OnEvent func(Event)
	// Resolver looks up the backends' names; nil: the system's.
	Resolver *net.Resolver
	// Descriptors bounds the connections that requests make, and not those of
	// checks; nil: nothing does.
	Descriptors Descriptors
}

// Policy names the rule by which a pool spreads new visitors.
type Policy string

// The policies. All but First respect weights.
const (
	RoundRobin    Policy = "round_robin"    // smooth weighted, exact shares
	LeastRequests Policy = "least_requests" // fewest in flight for its weight; past 8 available backends the better of two picked at random
	Random        Policy = "random"         // weighted
	First         Policy = "first"          // the first available in the order given
)

// Protocol names what is spoken to a backend.
type Protocol string

// The protocols. H2 needs an https URL, H2C an http one.
const (
	H1  Protocol = "h1"
	H2  Protocol = "h2"
	H2C Protocol = "h2c"
)

// PoolOptions describes one pool of a configuration.
type PoolOptions struct {
	Name     string
	Policy   Policy   // "": LeastRequests
	Protocol Protocol // "": H1
	TryAll   bool     // when all are down, offer them nevertheless, as a last resort
	// MaxIdle bounds the idle connections kept to each backend; 0: 256.
	MaxIdle int
	// ReuseForAll lets requests that must not be sent twice go over kept
	// connections, too, if those were in use within the last second. A backend
	// that closes one just then loses the request. H1 only.
	ReuseForAll bool
	// ProxyLine is the version of the PROXY line that connections begin with, 1
	// or 2; 0: none. Such a connection serves one client alone. H1 only.
	ProxyLine int
	Check     CheckOptions
	// SlowStart is how long a backend that comes back takes until it is given
	// all of its share of new visitors; 0: no time at all.
	SlowStart time.Duration
	// Queue is how many may wait for a place at each backend that has reached
	// its in-flight limit; 0: nobody. See [Pool.Queue].
	Queue int
	// Outliers says when one that answers its checks is left out; nil: never.
	Outliers *Outliers
	Timeouts Timeouts
	// TLS is used toward https backends, whose certificates are always
	// verified; an empty ServerName is that of each URL. nil: the system's roots.
	// It must not be changed after Build.
	TLS *tls.Config
	// TLSIdentity stands for all settings behind TLS: a backend is carried
	// over from another Build only when it is equal.
	TLSIdentity string
	Backends    []MemberOptions
}

// MemberOptions describes one backend of a pool.
type MemberOptions struct {
	Name        string
	URL         *url.URL // scheme http or https, and host; not changed after Build
	Weight      int      // 0: no new visitors
	Priority    int      // a group with a higher number is used only when the lower ones have none available
	MaxInFlight int      // 0: no limit
}

// Timeouts bound each phase of an exchange. Zero means the default.
type Timeouts struct {
	Connect  time.Duration // TCP and TLS handshake together; default 1s
	Response time.Duration // from the request sent to the first byte of the answer; default 30s
	BodyIdle time.Duration // a body without progress, either way; default 30s
	Idle     time.Duration // an idle connection kept for reuse; default 30s; over HTTP/2 that of the configuration which named the backend first
}

// CheckKind says how backends are checked.
type CheckKind string

// The kinds of check.
const (
	// Passive is no regular check: requests vouch for the backend, failed
	// ones count against it, and a TCP connect proves it while it is not up.
	Passive   CheckKind = ""
	CheckHTTP CheckKind = "http" // GET Path, any status from StatusMin to StatusMax
	CheckTCP  CheckKind = "tcp"  // connect, and the TLS handshake for https
)

// CheckOptions configures the checks of a pool. Zero fields mean the default.
type CheckOptions struct {
	Kind      CheckKind
	Path      string        // CheckHTTP; default "/"
	Host      string        // CheckHTTP: the Host header; default that of the URL
	StatusMin int           // default 200
	StatusMax int           // default 399
	Interval  time.Duration // default 2s
	Timeout   time.Duration // the whole check; default 1s
	Rise      int           // good checks in a row that bring a backend up; default 1
	Fall      int           // failures in a row that take it down; default 2, Passive: 3
	// DrainWord, as the first word of the answer's body, asks for a drain of the
	// mode Keep, beside the header [DrainHeader]. CheckHTTP; "": no word does.
	DrainWord string
}

const defaultMaxIdle = 256

func (t Timeouts) withDefaults() Timeouts {
	return Timeouts{
		Connect:  cmp.Or(t.Connect, time.Second),
		Response: cmp.Or(t.Response, 30*time.Second),
		BodyIdle: cmp.Or(t.BodyIdle, 30*time.Second),
		Idle:     cmp.Or(t.Idle, 30*time.Second),
	}
}

func (c CheckOptions) withDefaults() CheckOptions {
	c.Path = cmp.Or(c.Path, "/")
	c.StatusMin = cmp.Or(c.StatusMin, 200)
	c.StatusMax = cmp.Or(c.StatusMax, 399)
	c.Interval = cmp.Or(c.Interval, 2*time.Second)
	c.Timeout = cmp.Or(c.Timeout, time.Second)
	c.Rise = cmp.Or(c.Rise, 1)
	fall := 2
	if c.Kind == Passive {
		fall = 3
	}
	c.Fall = cmp.Or(c.Fall, fall)
	return c
}
