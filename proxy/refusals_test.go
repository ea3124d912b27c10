package proxy

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

func TestRefusedCertificatesAreCounted(t *testing.T) {
	people, strangers := proxytest.NewCA(t), proxytest.NewCA(t)
	ann, eve := people.Certificate("ann"), strangers.Certificate("eve")
	inAllModes(t, func(t *testing.T, m mode) {
		if !m.tls {
			return // there are no certificates
		}
		one := named(t, "one")
		for _, c := range []struct {
			policy string
			cert   tls.Certificate
			reason string
		}{
			{"required", ann, "the client's certificate was revoked"},
			{"required", eve, "x509: certificate signed by unknown authority"}, // crypto/tls says so itself
			{"optional", eve, "x509: certificate signed by unknown authority"},
		} {
			r := start(t, appPool(one.URL))
			r.file("staff.pem", people.PEM())
			r.file("staff.crl", people.Revoke(ann))
			if _, err := r.Reload(r.parse(preamble + policyFor(c.policy, "ca = \"staff.pem\"\ncrl = [\"staff.crl\"]\n") + appPool(one.URL))); err != nil {
				t.Fatal(err)
			}
			if got := r.asks(person(t, m, c.cert), m); got != 0 {
				t.Errorf("%s: status %d", c.reason, got)
			}
			most := uint64(1)
			if m.proto == 3 {
				most = 2 // this client connects once more if it is refused before it has sent anything
			}
			r.eventually("it to be counted", func() bool { return r.Status().RefusedCertificates > 0 })
			r.asks(person(t, m, tls.Certificate{}), m) // that is no certificate
			if n := r.Status().RefusedCertificates; n > most {
				t.Errorf("%s: %d are counted", c.reason, n)
			}
			if got := r.log.String(); strings.Count(got, "a client's certificate was refused") != 1 || !strings.Contains(got, `"level":"warn","reason":"`+c.reason) {
				t.Errorf("%s: the log:\n%s", c.reason, got)
			}
		}
	})
}

func TestRefusedCertificatesAreLoggedOnceAMinute(t *testing.T) {
	var r refusals
	now := time.Now()
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {0, false}, {59 * time.Second, false}, {time.Minute, true}, {61 * time.Second, false}} {
		if got := r.add(now.Add(tt.after)); got != tt.want {
			t.Errorf("after %v: %v", tt.after, got)
		}
	}
	if got := r.count.Load(); got != 5 {
		t.Errorf("%d are counted", got)
	}
}
