package main

import (
	"strings"
	"testing"
	"time"

	"sterling/proxy"
)

func TestTheTableOfCertificates(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time { when := now.Add(d); return &when }
	const day = 24 * time.Hour
	var out strings.Builder
	err := printCertificates(&out, []proxy.CertificateReport{
		{Names: []string{"a.example.org", "b.example.org"}, Source: "file", Issuer: "CN=one", NotAfter: at(10 * day)},
		{Names: []string{"c.example.org"}, Source: "acme", Issuer: "CN=two", NotAfter: at(80 * day), Renewal: at(50 * day)},
		{Names: []string{"d.example.org"}, Source: "acme", Renewal: at(90 * time.Second), Failures: 2, Error: "no such host"},
		{Names: []string{"e.example.org"}, Source: "acme", Renewal: at(-time.Second), Ordering: true},
		{
			Names: []string{"f.example.org"}, Source: "acme", Issuer: "CN=two", NotAfter: at(20 * day), Renewal: at(8 * day), Late: true,
			Unstored: &proxy.UnstoredReport{Since: now.Add(-time.Hour), Next: now.Add(30 * time.Second), Error: "no space left on device"},
		},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	const want = `NAMES                         FROM  ISSUER  VALID                      RENEWAL
a.example.org, b.example.org  file  CN=one  until 2026-03-11, 10 days  -
c.example.org                 acme  CN=two  until 2026-05-20, 80 days  2026-04-20
d.example.org                 acme  -       none yet                   tried again in 1m30s
e.example.org                 acme  -       none yet                   ordering
f.example.org                 acme  CN=two  until 2026-03-21, 20 days  2026-03-09

d.example.org: 2 orders failed, the last one: no such host

f.example.org: it is served, but could not be stored since 2026-03-01T11:00:00Z, and is tried again in 30s: no space left on device

f.example.org: it came with a third of its life left, or less: is this machine's clock right?
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}
