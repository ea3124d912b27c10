package config

import (
	"crypto/tls"
	"slices"
	"strings"
)

// judgeSuites wants suites that have an effect, and with which a door can open.
func (w *walker) judgeSuites(cfg *Config) {
	const at = "tls.suites"
	suites := cfg.TLS.Suites
	if len(suites) == 0 || !w.clean(at, "tls.min_version") || slices.ContainsFunc(w.problems, func(p Problem) bool { return strings.HasPrefix(p.Key, at+"[") }) {
		return
	}
	if cfg.TLS.MinVersion >= tls.VersionTLS13 {
		w.warn(at, idle("leave it out", "they are of TLS 1.2, and min_version is 1.3"))
		return
	}
	some := func(part string) bool {
		return slices.ContainsFunc(suites, func(s string) bool { return strings.Contains(s, part) })
	}
	standard := slices.IndexFunc(cfg.Listeners, func(l Listener) bool { return l.Protocol == "https" && l.Engine == "standard" })
	if standard >= 0 && !some("AES128-GCM") {
		w.fault(at, faultf("add ECDHE-ECDSA-AES128-GCM-SHA256 or ECDHE-RSA-AES128-GCM-SHA256",
			"the standard engine of listener[%d] serves HTTP/2 only with a suite of AES128-GCM (RFC 9113, section 9.2.2)", standard))
	}
	if cfg.TLS.ACME != nil && !some("ECDSA") {
		w.warn(at, faultf("add one of ECDSA", "certificates of [tls.acme] have ECDSA keys, which none is for: clients of TLS 1.2 get nowhere"))
	}
}
