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
		r := start(t, appPool(one.URL))
		r.file("staff.pem", people.PEM())
		r.file("staff.crl", people.Revoke(ann))
		if _, err := r.Reload(r.parse(preamble + policyFor("required", "ca = \"staff.pem\"\ncrl = [\"staff.crl\"]\n") + appPool(one.URL))); err != nil {
			t.Fatal(err)
		}
		certificates, again := []tls.Certificate{ann, eve}, uint64(0)
		if m.proto == 3 {
			certificates = certificates[:1] // nothing tells of what crypto/tls refuses in QUIC
			again = 1                       // this client connects once more if it is refused before it has sent anything
		}
		for _, cert := range certificates {
			if got := r.asks(person(t, m, cert), m); got != 0 {
				t.Errorf("status %d", got)
			}
		}
		if got := r.asks(person(t, m, tls.Certificate{}), m); got != 0 { // that is no certificate
			t.Errorf("status %d", got)
		}
		counted, want := uint64(0), uint64(len(certificates))
		r.eventually("all to be counted", func() bool { counted = r.Status().RefusedCertificates; return counted >= want })
		if counted > want+again {
			t.Errorf("%d are counted of %d", counted, want)
		}
		if got := r.log.String(); strings.Count(got, "a client's certificate was refused") != 1 || !strings.Contains(got, `"level":"warn","reason":"the client's certificate was revoked"`) {
			t.Errorf("the log:\n%s", got)
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
