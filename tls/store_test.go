package tls

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// chosen returns the first name of the certificate chosen for a server name.
func chosen(t *testing.T, s *Store, name string) string {
	t.Helper()
	cert, err := s.certificate(&tls.ClientHelloInfo{ServerName: name})
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf.Subject.CommonName
}

func TestChoiceByName(t *testing.T) {
	ca := newAuthority(t)
	s := load(t,
		ca.host("first", "first.example", "10.0.0.1"),
		ca.host("wild", "*.example.org", "example.org"),
		ca.host("exact", "www.example.org", "UPPER.example.org", "dot.example.org."),
		ca.host("deep", "*.www.example.org"),
		ca.host("odd", "*", "*.", "f*.example.com", "*.*.net", "10.0.0.2"),
		ca.host("late", "www.example.org", "late.example"),
	)
	for name, want := range map[string]string{
		"first.example":        "first",
		"":                     "first",
		".":                    "first",
		"unknown.example":      "first",
		"example.org":          "wild",
		"a.example.org":        "wild",
		"A.EXAMPLE.ORG.":       "wild",
		"*.example.org":        "wild",
		"www.example.org":      "exact",
		"WWW.Example.Org":      "exact",
		"www.example.org.":     "exact",
		"upper.example.org":    "exact",
		"dot.example.org":      "exact",
		"a.b.example.org":      "first",
		".example.org":         "first",
		"b.www.example.org":    "deep",
		"foo.example.com":      "first",
		"a.b.net":              "first",
		"a.*.net":              "first",
		"anything":             "first",
		"10.0.0.1":             "first",
		"10.0.0.2":             "first",
		"[::1]":                "first",
		"late.example":         "late",
		"xwww.example.org.com": "first",
	} {
		if got := chosen(t, s, name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestWhatHasEndedGivesWayToWhatIsValid(t *testing.T) {
	a := newAuthority(t)
	over := a.pair("a-over", newECDSA(t), func(c *x509.Certificate) {
		forNames("www.example.org")(c)
		c.NotAfter = time.Now().Add(-time.Hour)
	})
	good := a.host("b-good", "www.example.org")
	for _, pairs := range [][]Pair{{over, good}, {good, over}} {
		s := load(t, pairs...)
		cert, err := s.certificate(&tls.ClientHelloInfo{ServerName: "www.example.org", SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedVersions: []uint16{tls.VersionTLS13}})
		if err != nil || time.Now().After(cert.Leaf.NotAfter) {
			t.Errorf("%v: served %v, %v", pairs, cert, err)
		}
	}
}

// keeper has a certificate ready for who waits.
type keeper struct {
	store *Store
	next  *Store
	asked []string
}

func (k *keeper) Challenge(context.Context, string) (*tls.Certificate, error) {
	return nil, errNoCertificate
}

func (k *keeper) Await(_ context.Context, name string) bool {
	k.asked = append(k.asked, name)
	k.store.Replace(k.next)
	return true
}

func TestACertificateIsWaitedForWhereThereIsNoGoodOne(t *testing.T) {
	a := newAuthority(t)
	ended := func(c *x509.Certificate) {
		forNames("www.example.org")(c)
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	}
	old := load(t, a.pair("old", newECDSA(t), ended), a.host("api", "api.example.org"))
	fresh := load(t, a.host("new", "www.example.org"), a.host("more", "more.example.org"), a.host("api2", "api.example.org"))
	for name, waits := range map[string]bool{"www.example.org": true, "more.example.org": true, "api.example.org": false, "": false} {
		store := new(Store)
		store.Replace(old)
		k := &keeper{store: store, next: fresh}
		cert, err := store.keptCertificate(k)(&tls.ClientHelloInfo{ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		if (len(k.asked) == 1) != waits || waits && (cert.Leaf.VerifyHostname(name) != nil || time.Now().After(cert.Leaf.NotAfter)) {
			t.Errorf("%q: waited for %q, got one of %q until %v", name, k.asked, cert.Leaf.DNSNames, cert.Leaf.NotAfter)
		}
	}
}

func TestPolicy(t *testing.T) {
	ca := newAuthority(t)
	s := load(t,
		ca.host("a1", "a.example", "b.example"),
		ca.pair("a2", newRSA(), forNames("a.example", "b.example", "c.example")),
		ca.host("w", "*.example.org", "d.example"),
	)
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"a.example", "B.example.", true},
		{"a.example", "c.example", false}, // only one of the two certificates has c
		{"a.example", "", true},
		{"", "unknown", true},
		{"unknown", "other", true},
		{"", "192.0.2.1", true},
		{"x.example.org", "y.example.org", true},
		{"x.example.org", "d.example", true},
		{"x.example.org", "a.example", false},
		{"x.y.example.org", "x.example.org", false},
	} {
		if got := s.SamePolicy(tt.a, tt.b); got != tt.same {
			t.Errorf("%q and %q: same policy %v", tt.a, tt.b, got)
		}
		if got := s.Policy(tt.a) == s.Policy(tt.b); got != tt.same {
			t.Errorf("%q and %q: policies %q and %q", tt.a, tt.b, s.Policy(tt.a), s.Policy(tt.b))
		}
	}
}

// The word for a policy is the same after a reload that changed the order.
func TestPolicyDoesNotDependOnTheOrder(t *testing.T) {
	ca := newAuthority(t)
	one, two := ca.host("one", "a.example"), ca.pair("two", newEd25519(t), forNames("a.example"))
	a, b := load(t, one, two).Policy("a.example"), load(t, two, one).Policy("a.example")
	if a != b || a == "" || a == load(t, one).Policy("a.example") {
		t.Errorf("policies %q and %q", a, b)
	}
}

// fake is a certificate that is good for nothing but being chosen.
func fake(i int, names ...string) *tls.Certificate {
	return &tls.Certificate{
		Certificate: [][]byte{fmt.Appendf(nil, "certificate %d", i)},
		Leaf:        &x509.Certificate{DNSNames: names, PublicKeyAlgorithm: x509.ECDSA},
	}
}

// linear is the rule of the Store, without any table.
func linear(certs []*tls.Certificate, name string) *tls.Certificate {
	name = strings.TrimSuffix(name, ".")
	for _, c := range certs {
		for _, n := range c.Leaf.DNSNames {
			if strings.EqualFold(n, name) {
				return c
			}
		}
	}
	for _, c := range certs {
		for _, n := range c.Leaf.DNSNames {
			if i := strings.IndexByte(name, '.'); i > 0 && n[0] == '*' && strings.EqualFold(n[1:], name[i:]) {
				return c
			}
		}
	}
	return certs[0]
}

func randomCase(r *rand.Rand, s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' && r.IntN(2) == 0 {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// However many names there are and however they are written, the choice is
// that of a plain search.
func TestChoiceAgreesWithALinearSearch(t *testing.T) {
	for _, n := range []int{1, 99, 101, 5000} {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		var certs []*tls.Certificate
		var names []string
		for i := range n {
			name := fmt.Sprintf("host%d.zone%d.example", i, i%7)
			if i%10 == 3 {
				name = fmt.Sprintf("*.wild%d.example", i)
			}
			names = append(names, name)
			// Some names stand in two certificates.
			certs = append(certs, fake(i, randomCase(r, name), randomCase(r, names[r.IntN(len(names))])))
		}
		s := new(Store)
		s.table.Store(newTable(certs))
		for range min(4*n, 2000) {
			name := names[r.IntN(n)]
			switch r.IntN(6) {
			case 0:
				name = "x" + name
			case 1:
				name = strings.Replace(name, "*", "sub", 1)
			case 2:
				name = strings.Replace(name, "*", "a.b", 1) + "."
			}
			name = randomCase(r, name)
			got, err := s.certificate(&tls.ClientHelloInfo{ServerName: name})
			if want := linear(certs, name); err != nil || got != want {
				t.Fatalf("%d names, %q: got %q, %v, want %q", n, name, got.Leaf.DNSNames, err, want.Leaf.DNSNames)
			}
		}
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.host("first", "first.example"), ca.host("wild", "*.example.org"))
	hello := &tls.ClientHelloInfo{ServerName: "a.example.org"}
	n := testing.AllocsPerRun(100, func() {
		if _, err := s.certificate(hello); err != nil || s.SamePolicy("a.example.org", "first.example") {
			t.Error("wrong choice")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAnEmptyStore(t *testing.T) {
	none := load(t)
	for _, s := range []*Store{none, {}} {
		if _, err := s.certificate(&tls.ClientHelloInfo{ServerName: "a"}); err == nil {
			t.Error("a certificate out of nowhere")
		}
		if s.Policy("a") != s.Policy("b") || !s.SamePolicy("a", "b") || s.Certificates() != nil {
			t.Error("an empty store has policies")
		}
	}
}

func TestReplaceWhileInUse(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.host("old", "a.example"))
	one, two := load(t, ca.host("one", "a.example")), load(t, ca.host("two", "a.example"))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				if cert, err := s.certificate(&tls.ClientHelloInfo{ServerName: "a.example"}); err != nil || cert == nil {
					t.Error("no certificate")
				}
				s.Certificates()
			}
		})
	}
	for range 500 {
		s.Replace(one)
		s.Replace(two)
	}
	wg.Wait()
	if got := chosen(t, s, "a.example"); got != "two" {
		t.Errorf("got %s, want two", got)
	}
}

func TestLeavesBelongToTheCaller(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.host("a", "a.example"))
	s.Certificates()[0].Names[0] = "changed"
	if got := s.Certificates()[0].Names[0]; got != "a.example" {
		t.Errorf("got %q", got)
	}
}

func BenchmarkChoice(b *testing.B) {
	for _, n := range []int{1, 5000} {
		var certs []*tls.Certificate
		for i := range n {
			certs = append(certs, fake(i, fmt.Sprintf("host%d.example", i)))
		}
		s := new(Store)
		s.table.Store(newTable(certs))
		hello := &tls.ClientHelloInfo{ServerName: fmt.Sprintf("host%d.example", n-1)}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.certificate(hello)
			}
		})
	}
}
