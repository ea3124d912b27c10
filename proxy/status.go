package proxy

import "time"

// Status is a front door at one moment, in the form that the admin API gives out.
type Status struct {
	Version      string              `json:"version"`
	Generation   uint64              `json:"generation"` // 1, and one more for every reload that took effect
	Started      time.Time           `json:"started"`
	Ready        bool                `json:"ready"`
	Listeners    []ListenerStatus    `json:"listeners"`
	Pools        []PoolStatus        `json:"pools"`
	Certificates []CertificateStatus `json:"certificates"`
	AccessLog    AccessLogStatus     `json:"access_log"`
}

// ListenerStatus is one door.
type ListenerStatus struct {
	Name        string `json:"name"`
	Address     string `json:"address"` // as bound
	Protocol    string `json:"protocol"`
	Connections int64  `json:"connections"` // open now
	Accepted    uint64 `json:"accepted"`
	Shed        uint64 `json:"shed"` // turned away by a connection limit
}

// PoolStatus is one pool.
type PoolStatus struct {
	Name     string            `json:"name"`
	Policy   string            `json:"policy"`
	Affinity map[string]uint64 `json:"affinity"` // requests by outcome: none, new, hit, moved, failed
	Cookies  map[string]uint64 `json:"cookies"`  // affinity cookies read, by verdict
	Backends []BackendStatus   `json:"backends"`
}

// BackendStatus is one backend of a pool.
type BackendStatus struct {
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	State    string    `json:"state"`  // up | down | unproven
	Reason   string    `json:"reason"` // why it is in this state
	Since    time.Time `json:"since"`
	Weight   int       `json:"weight"`
	InFlight int64     `json:"in_flight"`
	Sessions *int64    `json:"sessions"` // null until sessions are counted
	Requests uint64    `json:"requests"`
	Failures uint64    `json:"failures"`
}

// CertificateStatus is one loaded certificate.
type CertificateStatus struct {
	Names    []string  `json:"names"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
}

// AccessLogStatus counts lines of the access log.
type AccessLogStatus struct {
	Written uint64 `json:"written"`
	Dropped uint64 `json:"dropped"` // lost because the output was too slow or full
}

// Report says what a reload did.
type Report struct {
	Generation uint64   `json:"generation"`
	Changes    []string `json:"changes"` // one line each, e.g. "pool app: backend b4 added"
	Restart    []string `json:"restart"` // settings that changed in the file but need a restart to apply
}
