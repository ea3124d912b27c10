package proxy

import (
	"crypto/tls"
	"fmt"
)

// compileSuites finds certificates that no suite is for.
func (p *plan) compileSuites() {
	if len(p.cfg.TLS.Suites) == 0 || p.cfg.TLS.MinVersion >= tls.VersionTLS13 {
		return
	}
	for _, leaf := range p.certificates.Unsuited(p.cfg.TLS.Suites) {
		text := fmt.Sprintf("none is for the %s key of the certificate for %q: clients of TLS 1.2 get nowhere", leaf.Algorithm, leaf.Names)
		p.problems = append(p.problems, p.cfg.Warning("tls.suites", text, `add one for it, or say min_version = "1.3"`))
	}
}
