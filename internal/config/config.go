// Package config reads the one TOML file of a front door.
//
// Start with [Load]. It decodes strictly, fills in every default, validates
// without touching anything outside the file, and returns all the problems it
// found, each with the line that holds it. A [Config] is data: it is never
// changed after Load returned it, and any number of goroutines may read it.
//
// The package never opens a socket, never contacts a backend and never logs.
package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Config is one decoded, validated configuration file.
type Config struct {
	// Path is the file it was read from, as given. Relative paths inside the
	// file have been resolved against its folder.
	Path string

	Log       Log
	AccessLog AccessLog
	Admin     Admin
	State     State
	Affinity  Affinity
	TLS       TLS
	Limits    Limits
	Shutdown  Shutdown
	Upgrade   Upgrade
	Listeners []Listener
	Routes    []Route
	Pools     []Pool

	positions *positions
}

// Log configures the process log.
type Log struct {
	Level  string // debug | info | warn | error; default info
	Format string // json | console; "" picks console on a terminal, else json
	Output string // stderr | stdout | a file path; default stderr
}

// AccessLog configures the log that holds one line a request.
type AccessLog struct {
	Output  string            // stdout | stderr | off | syslog | a file path; default stdout
	Format  string            // json | combined | common | a name of Formats; default json
	Formats map[string]string // name to template
	Queue   int               // lines that may wait for a slow disk before they are dropped; default 8192
}

// Admin configures the API side. The zero value is off.
type Admin struct {
	Address string // host:port, unix:/path, or "" for off
	Token   string // required for an address that is not loopback
}

// State names the folder for what the process writes itself.
type State struct {
	Dir string // default "state" beside the configuration file
}

// Affinity holds what all pools with sticky sessions share.
type Affinity struct {
	Keys string // key file; default "affinity.keys" in State.Dir
}

// TLS is the server side of TLS, for all https listeners.
type TLS struct {
	MinVersion   uint16        // crypto/tls version number; default TLS 1.2
	Watch        time.Duration // between two looks at the files of certificates; 0: none; default 10s
	Certificates []Certificate
	Suites       []string // of TLS 1.2; empty: all that are good
	Curves       []string // key exchanges; empty: a good choice
	ECH          []string // files of keys of encrypted client hellos
	ACME         *ACME    // nil: all certificates are files
	Clients      []ClientPolicy
}

// ClientPolicy says which certificates clients must show.
type ClientPolicy struct {
	Hosts       []string // that the client asks for; empty: all that no other policy has
	Certificate string   // none | ask | optional | required
	CA          string   // PEM file of who may issue them
	CRL         []string // files of revocation lists
}

// ACME configures certificates that are ordered from an authority.
type ACME struct {
	Email      string        // for the authority's warnings; "": none
	Directory  string        // the authority's URL; default Let's Encrypt
	CA         string        // PEM file of whom to trust for the directory; "": the system's
	Hosts      []string      // names, each with a certificate of its own; empty: those of the routes
	Wait       time.Duration // a handshake's, for a first certificate, within Listener.HeaderTimeout; default 8s
	BindingID  string        // of the account at the authority that this one belongs to; "": none
	BindingKey []byte        // the key of the same
}

// Certificate is a pair of PEM files, or all that a pattern finds.
type Certificate struct {
	Cert  string
	Key   string
	Files string // a pattern of filepath.Match for certificate files; then Cert and Key are ""
}

// Listener is one door.
type Listener struct {
	Name           string
	Address        string // host:port or fd:NAME
	Protocol       string // http | https
	TrustedProxies []netip.Prefix
	RedirectHTTPS  bool
	ProxyProtocol  string        // off | optional | required: a PROXY line from TrustedProxies; default off
	HTTPSPort      int           // port written into redirects; 0: that of the first https listener
	Idle           time.Duration // idle keep-alive connection; default 60s
	HeaderTimeout  time.Duration // from the first byte to the end of a request head; default 10s
	BodyIdle       time.Duration // a request body without progress, and how far one may fall behind MinBodyRate; default 30s
	WriteIdle      time.Duration // an answer that the client does not take; default 60s
	MaxHeader      int64         // bytes of a request head; default 16 KiB
	MaxHeaders     int           // number of header lines; default 100
	MaxURI         int64         // bytes of a request target; default 8 KiB
	HTTP3          bool          // over UDP at the same address, too
	HTTP3Port      int           // told to clients; 0: that of Address
	EarlyData      bool          // HTTP/3 requests that change nothing are served before the handshake has ended
	Engine         string        // native | standard: the server that speaks HTTP; default native
}

// Limits bounds what the whole process takes on.
type Limits struct {
	Connections           int // 0: 80 % of the descriptor limit
	ConnectionsPerAddress int // 0: off
}

// Shutdown times the end of the process.
type Shutdown struct {
	Grace     time.Duration // between failing readiness and closing the door; default 0
	IdleGrace time.Duration // default 2s
	Timeout   time.Duration // default 25s
}

// Upgrade times the exchange of the program.
type Upgrade struct {
	Timeout   time.Duration // for the new process to serve; default 30s
	IdleGrace time.Duration // that idle connections stay with the old one; default 20s
}

// Route sends what matches it to a pool.
type Route struct {
	Name           string
	Listeners      []string // none: all
	Hosts          []string // lower case; none: every host
	Paths          []string // prefixes on segment borders; none: "/"
	Pool           string
	MaxBody        int64         // bytes; 0: no limit
	MinBodyRate    int64         // bytes a second that a client must send of a body; default 240; 0: any
	Upgrade        []string      // allowed Upgrade tokens, lower case; default websocket
	IdempotencyKey bool          // a request with an Idempotency-Key header counts as idempotent
	Forwarded      bool          // set RFC 7239 Forwarded too
	EncodedSlash   string        // reject | pass; default reject
	HSTS           time.Duration // max-age of Strict-Transport-Security; 0, the default: not sent
	HSTSSubdomains bool          // with includeSubDomains
	HSTSPreload    bool          // with preload
	ClientVerified bool          // only for clients that have shown a good certificate
	Request        HeaderRules
	Response       HeaderRules
}

// HeaderRules change headers: first Remove, then Set, then Add. Values may hold placeholders.
type HeaderRules struct {
	Set    map[string]string
	Add    map[string]string
	Remove []string
}

// Pool is a group of interchangeable backends.
type Pool struct {
	Name          string
	Policy        string        // round_robin | least_requests | random | first; default least_requests
	AllDown       string        // try_all | fail; default try_all
	WhenFull      string        // move | fail: what a pinned visitor of a full backend gets; default move
	Queue         int           // requests that may wait for each full backend; 0, the default: none
	QueueTimeout  time.Duration // default 5s
	Hold          time.Duration // how long requests wait while no backend may take them; 0, the default: not at all
	HoldRequests  int           // how many may; default 1000
	HoldBytes     int64         // and what they may take together; default 64 MiB
	Unavailable   *Unavailable  // nil: a line of text with status 503
	Host          string        // client | backend: the Host header sent; default client
	Protocol      string        // h1 | h2 | h2c; default h1
	Reuse         string        // idempotent | all: which requests may go over kept connections; default idempotent
	ReplayBody    int64         // bytes of a request body kept for another attempt; default 64 KiB
	Hedge         time.Duration // until a safe request is sent to another backend, too; 0: never; default HedgeAuto
	Affinity      PoolAffinity
	Health        *Health       // nil: passive only
	SlowStart     time.Duration // until one that comes back gets all of its new visitors; 0, the default: at once
	Outliers      *Outliers     // nil: none are looked for
	Timeout       Timeout
	ProxyProtocol int // version of the PROXY line that connections begin with: 0, none | 1 | 2
	TLS           BackendTLS
	Backends      []Backend
}

// Unavailable is what is answered when no backend could take a request.
type Unavailable struct {
	Status     int           // default 503
	File       string        // the page; "": a line of text
	RetryAfter time.Duration // for the header, in whole seconds; default 1s; 0: none
}

// PoolAffinity says how visitors are pinned.
type PoolAffinity struct {
	By       string        // none | cookie; default none
	Idle     time.Duration // default 30m
	Life     time.Duration // default 12h
	Cookie   string        // base name; default sterling-<pool>; over TLS "__Host-" is put before it
	SameSite string        // none | lax | strict | ""; "": None over TLS, Lax on plain HTTP
}

// Health configures active checks.
type Health struct {
	Type      string // http | tcp; default http when Path is set, else tcp
	Path      string
	Host      string        // Host header; "": that of the backend's URL
	StatusMin int           // default 200
	StatusMax int           // default 399
	Interval  time.Duration // default 2s
	Timeout   time.Duration // default 1s
	Rise      int           // default 1
	Fall      int           // default 2
	DrainWord string        // the first word of an answer's body that asks for a drain; "": none does
}

// Outliers says which backends are ejected though they pass their checks.
type Outliers struct {
	Consecutive  int           // gateway errors in a row; default 5; 0: off
	ErrorPercent int           // of the requests of the window; default 50; 0: off
	Requests     int           // least number of requests to judge by; default 20
	Window       time.Duration // default 10s
	Latency      int           // times the median of the pool; default 4; 0: off
	Eject        time.Duration // the first time; default 30s
	EjectMax     time.Duration // default 5m
}

// Timeout bounds each phase of an exchange with a backend.
type Timeout struct {
	Connect  time.Duration // TCP and TLS handshake; default 1s
	Response time.Duration // from the request sent to the first byte of the answer, one attempt; default 30s
	Total    time.Duration // all attempts; default 2 × Response
	BodyIdle time.Duration // a body without progress, either way; default 30s
	Tunnel   time.Duration // an upgraded connection without a byte either way; default 1h
	Idle     time.Duration // a pooled connection kept for reuse; default 30s
}

// BackendTLS is the client side of TLS, toward https backends. They are always verified.
type BackendTLS struct {
	CA         string // PEM file; "": the system's roots
	ServerName string // "": the host of the URL
	Cert, Key  string // client certificate
}

// Backend is one server of a pool.
type Backend struct {
	Name        string
	URL         *url.URL // scheme and host only
	Weight      int      // 1..1000, default 1; 0: no new visitor
	Priority    int      // lower is used first; default 1
	MaxInFlight int      // 0: no limit
}
