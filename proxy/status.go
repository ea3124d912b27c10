package proxy

import (
	"os"
	"path/filepath"
	"time"

	"sterling/session"
)

// Status is a front door at one moment, in the form that the admin API gives out.
type Status struct {
	Version      string              `json:"version"`
	PID          int                 `json:"pid"`        // of the process that answers
	File         string              `json:"file"`       // the configuration's, whole path: what a reload reads
	Generation   uint64              `json:"generation"` // 1, and one more for every reload that took effect
	Started      time.Time           `json:"started"`
	Ready        bool                `json:"ready"`
	OldProcesses []int               `json:"old_processes"` // ids of those that finish what they began before an upgrade
	Listeners    []ListenerStatus    `json:"listeners"`
	Pools        []PoolStatus        `json:"pools"`
	Certificates []CertificateStatus `json:"certificates"`
	// CertificatesFault is why changed files of certificates are not taken up; "":
	// there are none such.
	CertificatesFault string           `json:"certificates_fault"`
	AccessLog         AccessLogStatus  `json:"access_log"`
	Descriptors       DescriptorStatus `json:"descriptors"`
	// DroppedRules counts header rules whose value, expanded, held a control byte.
	DroppedRules uint64 `json:"dropped_rules"`
	// RefusedCertificates counts client certificates that were refused in handshakes.
	RefusedCertificates uint64 `json:"refused_certificates"`
	// Restart are settings of the file that need a restart to apply.
	Restart []string `json:"restart"`
}

// ListenerStatus is one door.
type ListenerStatus struct {
	Name        string `json:"name"`
	Address     string `json:"address"` // as bound
	Protocol    string `json:"protocol"`
	HTTP3       bool   `json:"http3"`       // offered now
	Connections int64  `json:"connections"` // open now
	Accepted    uint64 `json:"accepted"`
	Shed        uint64 `json:"shed"`    // turned away by a connection limit
	Refused     uint64 `json:"refused"` // closed for want of a good PROXY line
}

// PoolStatus is one pool.
type PoolStatus struct {
	Name     string            `json:"name"`
	Policy   string            `json:"policy"`
	Affinity map[string]uint64 `json:"affinity"` // requests by outcome: none, new, hit, moved, failed
	Cookies  map[string]uint64 `json:"cookies"`  // affinity cookies read, by verdict
	Queued   int               `json:"queued"`   // requests that wait for a place at any backend
	Held     int               `json:"held"`     // requests that wait until there is a backend
	Backends []BackendStatus   `json:"backends"`
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

// DescriptorStatus is the budget of file descriptors.
type DescriptorStatus struct {
	Limit    int64 `json:"limit"`    // of the process; 0: not known, and nothing is bounded by it
	Clients  int64 `json:"clients"`  // connections of clients, without those over UDP
	Backends int64 `json:"backends"` // connections that requests made, idle ones among them
	// With as many of both, no client is let in, and no backend connected to.
	ClientsUntil  int64 `json:"clients_until"`
	BackendsUntil int64 `json:"backends_until"`
}

// Report says what a reload did.
type Report struct {
	Generation uint64   `json:"generation"`
	Changes    []string `json:"changes"` // one line each, e.g. "pool app: backend b4 added"
	Restart    []string `json:"restart"` // settings that changed in the file but need a restart to apply
	Kept       []string `json:"kept"`    // what goes before the file, e.g. "pool app: backend b2 stays draining"
}

// Status describes the front door at this moment.
func (s *Server) Status() Status {
	snap := s.snapshot.Load()
	out := Status{
		Version: s.version, PID: os.Getpid(), Generation: snap.generation, Started: s.started.UTC(), Ready: s.Ready(),
		OldProcesses: s.elders.pids(),
		Listeners:    []ListenerStatus{}, Pools: []PoolStatus{}, Certificates: []CertificateStatus{},
		DroppedRules: s.droppedRules.Load(), RefusedCertificates: s.refusals.count.Load(),
		Restart:     append([]string{}, snap.pending...),
		AccessLog:   AccessLogStatus{Written: s.access.Written(), Dropped: s.access.Dropped()},
		Descriptors: s.connections.descriptors.status(),
	}
	if why := s.filesFault.Load(); why != nil {
		out.CertificatesFault = *why
	}
	if file, err := filepath.Abs(snap.cfg.Path); err == nil {
		out.File = file
	}
	for _, d := range s.doors {
		out.Listeners = append(out.Listeners, d.status())
	}
	for _, c := range snap.cfg.Pools {
		out.Pools = append(out.Pools, s.poolStatus(snap.byName[c.Name]))
	}
	for _, c := range s.certificates.Certificates() {
		out.Certificates = append(out.Certificates, CertificateStatus{
			Names: c.Names, Issuer: c.Issuer, NotAfter: c.NotAfter.UTC(),
		})
	}
	return out
}

func (d *door) status() ListenerStatus {
	st := ListenerStatus{Name: d.called(), Address: d.cfg.Address, Protocol: d.cfg.Protocol}
	st.HTTP3 = d.altSvc.Load() != nil
	if l := d.listener; l != nil {
		st.Address = l.Addr().String()
		st.Connections, st.Accepted, st.Shed = l.open.Load(), l.accepted.Load(), l.shed.Load()
		if l.lines != nil {
			st.Refused = l.lines.refused.Load()
		}
	}
	return st
}

func (s *Server) poolStatus(p *pool) PoolStatus {
	st := PoolStatus{
		Name: p.cfg.Name, Policy: p.cfg.Policy, Queued: p.Queued(), Held: p.counters.room.count(),
		Affinity: p.counters.byOutcome(), Cookies: map[string]uint64{}, Backends: []BackendStatus{},
	}
	if p.affinity != nil {
		for _, v := range session.Verdicts() {
			st.Cookies[v.String()] = p.counters.cookies.Of(v)
		}
	}
	for _, m := range p.Members() {
		st.Backends = append(st.Backends, s.backendStatus(p, m))
	}
	return st
}
