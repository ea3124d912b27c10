package tls

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// client issues a certificate for a client, with a serial number.
func (a *authority) client(name string, serial int64) *tls.Certificate {
	a.t.Helper()
	p := a.pair(name, newECDSA(a.t), func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(serial)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	cert, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err != nil {
		a.t.Fatal(err)
	}
	return &cert
}

// list signs a revocation list.
func (a *authority) list(file string, number int64, ends time.Time, serials ...int64) string {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: ends.Add(-48*time.Hour + time.Duration(number)*time.Second), NextUpdate: ends}
	for _, n := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(n), RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(file, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

// meeting is a server with policies, and one client who keeps his sessions.
type meeting struct {
	t       *testing.T
	clients *Clients // in force
	config  *tls.Config
	roots   *x509.CertPool
	cache   tls.ClientSessionCache
	version uint16
}

func newMeeting(t *testing.T, a *authority, policies ...ClientPolicy) *meeting {
	t.Helper()
	store, faults := Load([]Pair{a.host("server", "*.example.org", "example.org")})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	m := &meeting{t: t, roots: a.pool(), cache: tls.NewLRUClientSessionCache(10), version: tls.VersionTLS13}
	m.set(policies...)
	m.config = store.ServerConfig(Options{Clients: func() *Clients { return m.clients }})
	return m
}

func (m *meeting) set(policies ...ClientPolicy) {
	m.t.Helper()
	loaded, faults := LoadClients(policies)
	if len(faults) > 0 {
		m.t.Fatal(faults)
	}
	m.clients = loaded
}

// greet has a client with that certificate ask for a host, and returns what the
// server knows of the connection. The session is kept under the name of key.
func (m *meeting) greet(host, key string, cert *tls.Certificate) (tls.ConnectionState, error) {
	m.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		m.t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		m.t.Fatal(err)
	}
	defer near.Close()
	far, err := l.Accept()
	if err != nil {
		m.t.Fatal(err)
	}
	client := tls.Client(near, &tls.Config{
		ServerName: host, RootCAs: m.roots, MinVersion: m.version, MaxVersion: m.version,
		ClientSessionCache: renamed{m.cache, key},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if cert == nil {
				return new(tls.Certificate), nil
			}
			return cert, nil
		},
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if client.Handshake() == nil {
			_, _ = client.Read(make([]byte, 1)) // takes the tickets, too
		}
	}()
	server := tls.Server(far, m.config)
	err = server.Handshake()
	state := server.ConnectionState()
	if err == nil {
		_, err = server.Write([]byte("x"))
	} else {
		state = tls.ConnectionState{}
	}
	_ = server.Close()
	<-ended
	return state, err
}

// renamed keeps sessions under a name of the test's own, as a client does that
// wants to resume one where it does not belong.
type renamed struct {
	tls.ClientSessionCache
	key string
}

func (r renamed) Get(string) (*tls.ClientSessionState, bool) { return r.ClientSessionCache.Get(r.key) }

func (r renamed) Put(_ string, s *tls.ClientSessionState) { r.ClientSessionCache.Put(r.key, s) }

func TestWhoIsAskedForACertificate(t *testing.T) {
	a, strange := newAuthority(t), newAuthority(t)
	good, bad := a.client("good", 100), strange.client("bad", 100)
	ca := a.write("clients.pem", encodeCertificate(a.cert.Raw))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		m := newMeeting(t, a,
			ClientPolicy{Hosts: []string{"ask.example.org"}, Mode: AskCertificate},
			ClientPolicy{Hosts: []string{"optional.example.org"}, Mode: OptionalCertificate, CA: ca},
			ClientPolicy{Hosts: []string{"required.example.org"}, Mode: RequireCertificate, CA: ca})
		m.version = version
		for _, tc := range []struct {
			host            string
			cert            *tls.Certificate
			fails           bool
			shown, verified int
		}{
			{"open.example.org", good, false, 0, 0},
			{"ask.example.org", nil, false, 0, 0},
			{"ask.example.org", bad, false, 1, 0},
			{"optional.example.org", nil, false, 0, 0},
			{"optional.example.org", good, false, 1, 1},
			{"optional.example.org", bad, true, 0, 0},
			{"required.example.org", nil, true, 0, 0},
			{"required.example.org", bad, true, 0, 0},
			{"required.example.org", good, false, 1, 1},
			{"REQUIRED.example.org", nil, true, 0, 0},
		} {
			m.cache = tls.NewLRUClientSessionCache(10)
			for round := range 2 { // the second resumes
				state, err := m.greet(tc.host, tc.host, tc.cert)
				if (err != nil) != tc.fails || len(state.PeerCertificates) != tc.shown || len(state.VerifiedChains) != tc.verified {
					t.Errorf("%x %s, round %d: %v, %d shown, %d verified", version, tc.host, round, err, len(state.PeerCertificates), len(state.VerifiedChains))
				}
				if err == nil && state.DidResume != (round == 1) {
					t.Errorf("%x %s, round %d: resumed %v", version, tc.host, round, state.DidResume)
				}
			}
		}
	}
}

// P3: a session that began where nobody is asked must not get in where a
// certificate is required, nor one that another authority's word has let in.
func TestSessionsAreNotResumedUnderAnotherPolicy(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	mine, ca := a.client("mine", 100), a.write("clients.pem", encodeCertificate(a.cert.Raw))
	theirs, otherCA := other.client("theirs", 100), other.write("clients.pem", encodeCertificate(other.cert.Raw))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		m := newMeeting(t, a,
			ClientPolicy{Hosts: []string{"a.example.org"}, Mode: RequireCertificate, CA: ca},
			ClientPolicy{Hosts: []string{"b.example.org"}, Mode: RequireCertificate, CA: otherCA},
			ClientPolicy{Hosts: []string{"c.example.org"}, Mode: OptionalCertificate, CA: ca})
		m.version = version
		for _, tc := range []struct {
			from, to string
			cert     *tls.Certificate
			fails    bool
		}{
			{"open.example.org", "a.example.org", nil, true},
			{"c.example.org", "a.example.org", nil, true},
			{"b.example.org", "a.example.org", theirs, true},
			{"a.example.org", "open.example.org", mine, false},
			{"c.example.org", "a.example.org", mine, false}, // which crypto/tls would resume
		} {
			m.cache = tls.NewLRUClientSessionCache(10)
			if _, err := m.greet(tc.from, "session", tc.cert); err != nil {
				t.Fatalf("%x %s: %v", version, tc.from, err)
			}
			if state, err := m.greet(tc.from, "session", tc.cert); err != nil || !state.DidResume {
				t.Fatalf("%x %s: resumed %v, %v", version, tc.from, state.DidResume, err)
			}
			state, err := m.greet(tc.to, "session", tc.cert)
			if state.DidResume || (err != nil) != tc.fails {
				t.Errorf("%x from %s to %s: resumed %v, %v", version, tc.from, tc.to, state.DidResume, err)
			}
		}
		// Nor when the policy itself becomes another one.
		m.cache = tls.NewLRUClientSessionCache(10)
		if _, err := m.greet("a.example.org", "session", mine); err != nil {
			t.Fatal(err)
		}
		m.set(ClientPolicy{Hosts: []string{"a.example.org"}, Mode: RequireCertificate, CA: otherCA})
		if state, err := m.greet("a.example.org", "session", mine); err == nil {
			t.Errorf("%x: the authority has changed, and the session is resumed: %v", version, state.DidResume)
		}
	}
}

func TestRevokedCertificatesAreRefusedAlsoInResumedSessions(t *testing.T) {
	a := newAuthority(t)
	cert, ca := a.client("mine", 7), a.write("clients.pem", encodeCertificate(a.cert.Raw))
	soon := time.Now().Add(time.Hour)
	policy := func(lists ...string) ClientPolicy {
		return ClientPolicy{Hosts: []string{"a.example.org"}, Mode: RequireCertificate, CA: ca, CRLs: lists}
	}
	clear, revoked := a.list("clear.crl", 1, soon, 8), a.list("revoked.crl", 2, soon, 6, 7)
	ended := a.list("ended.crl", 3, time.Now().Add(-time.Hour), 8)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		m := newMeeting(t, a, policy(clear))
		m.version = version
		for range 2 {
			if _, err := m.greet("a.example.org", "session", cert); err != nil {
				t.Fatal(err)
			}
		}
		// The list changes; the policy is the same, and so is the session.
		m.set(policy(revoked))
		if _, err := m.greet("a.example.org", "session", cert); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("%x: %v", version, err)
		}
		m.set(policy(revoked, clear)) // the newer one counts
		if _, err := m.greet("a.example.org", "fresh", cert); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("%x: %v", version, err)
		}
		m.set(policy(ended))
		if _, err := m.greet("a.example.org", "fresh", cert); err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("%x: %v", version, err)
		}
	}
}

func TestFaultsOfClientPolicies(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	ca := a.write("clients.pem", encodeCertificate(a.cert.Raw))
	foreign := other.list("foreign.crl", 1, time.Now().Add(time.Hour))
	_, faults := LoadClients([]ClientPolicy{
		{Mode: RequireCertificate, CA: filepath.Join(a.dir, "none.pem")},
		{Mode: RequireCertificate, CA: ca, CRLs: []string{foreign, a.write("text.crl", []byte("x")), a.list("good.crl", 1, time.Now())}},
	})
	var got []string
	for _, f := range faults {
		got = append(got, string(rune('0'+f.Index))+" "+f.Field+": "+strings.ReplaceAll(f.Error(), a.dir, ""))
	}
	for i, want := range []string{"0 ca: reading CA file", "1 crl[0]: ", "1 crl[1]: /text.crl is no revocation list"} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Fatalf("got %q", got)
		}
	}
	if len(got) != 3 || !strings.Contains(got[1], "none of the authorities in ca has signed it") {
		t.Errorf("got %q", got)
	}
}

func TestAConnectionCarriesRequestsOfItsPolicyAlone(t *testing.T) {
	a := newAuthority(t)
	ca := a.write("clients.pem", encodeCertificate(a.cert.Raw))
	c, faults := LoadClients([]ClientPolicy{
		{Hosts: []string{"admin.example.org", "*.admin.example.org"}, Mode: RequireCertificate, CA: ca},
		{Hosts: []string{"old.example.org"}, Mode: NoCertificate},
		{Mode: OptionalCertificate, CA: ca},
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	good := [][]*x509.Certificate{{a.cert}}
	for _, tc := range []struct {
		state *tls.ConnectionState
		host  string
		want  bool
	}{
		{&tls.ConnectionState{ServerName: "www.example.org"}, "www.example.org", true},
		{&tls.ConnectionState{ServerName: "www.example.org"}, "api.example.org", true},
		{&tls.ConnectionState{ServerName: "www.example.org"}, "admin.example.org", false},
		{&tls.ConnectionState{ServerName: "www.example.org", VerifiedChains: good}, "admin.example.org", false},
		{&tls.ConnectionState{}, "admin.example.org", false},
		{&tls.ConnectionState{ServerName: "admin.example.org", VerifiedChains: good}, "x.admin.example.org", true},
		{&tls.ConnectionState{ServerName: "admin.example.org"}, "admin.example.org", false}, // from before it was required
		{&tls.ConnectionState{ServerName: "old.example.org"}, "www.example.org", false},
		{nil, "www.example.org", true},
		{nil, "admin.example.org", false},
	} {
		if got := c.Admits(tc.state, tc.host); got != tc.want {
			t.Errorf("%+v for %s: %v", tc.state, tc.host, got)
		}
	}
}
