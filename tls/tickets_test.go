package tls

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// resumes makes a handshake with a server of those keys, and reports whether it
// resumed a session.
func resumes(t *testing.T, version uint16, tickets *Tickets, sessions tls.ClientSessionCache) bool {
	t.Helper()
	cert, key := pairForTickets()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store, faults := Load([]Pair{{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	conf := store.ServerConfig(Options{Tickets: tickets}).Clone()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s := tls.Server(c, conf)
		_, _ = s.Write([]byte("x"))
		_, _ = s.Read(make([]byte, 1)) // until the client is done
		_ = s.Close()
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "one.example", ClientSessionCache: sessions, MinVersion: version, MaxVersion: version}) //nolint:noctx // the server is ours
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Read(make([]byte, 1)); err != nil { // the ticket of TLS 1.3 comes before
		t.Fatal(err)
	}
	return c.ConnectionState().DidResume
}

func TestTicketsOutliveAProcess(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state", "tickets.keys")
			now := time.Now()
			open := func(at time.Time) *Tickets {
				tickets := NewTickets(path)
				if err := tickets.Refresh(at); err != nil {
					t.Fatal(err)
				}
				return tickets
			}
			sessions := tls.NewLRUClientSessionCache(1)
			if resumes(t, version, open(now), sessions) {
				t.Fatal("a first handshake resumes")
			}
			for what, at := range map[string]time.Duration{"another process": 0, "after a turn": ticketTurn, "after two": 2 * ticketTurn} {
				old := tls.NewLRUClientSessionCache(1)
				if session, ok := sessions.Get("one.example"); ok {
					old.Put("one.example", session)
				}
				if !resumes(t, version, open(now.Add(at)), old) {
					t.Errorf("%s does not resume", what)
				}
			}
			if resumes(t, version, open(now.Add(4*ticketTurn)), sessions) {
				t.Error("a key that is too old is still taken")
			}
			if resumes(t, version, NewTickets(""), tls.NewLRUClientSessionCache(1)) {
				t.Error("resumed out of nothing")
			}
		})
	}
}

func TestTicketKeysChangeAndAreShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.keys")
	a, b := NewTickets(path), NewTickets(path)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(tickets *Tickets, d time.Duration) string {
		t.Helper()
		if err := tickets.Refresh(now.Add(d)); err != nil {
			t.Fatal(err)
		}
		var born []string
		for _, k := range tickets.keys {
			born = append(born, k.born.Sub(now).String())
		}
		return strings.Join(born, " ")
	}
	for _, tt := range []struct {
		who  *Tickets
		when time.Duration
		want string
	}{
		{a, 0, "0s"}, {b, time.Minute, "0s"}, {b, ticketTurn, "12h0m0s 0s"}, {a, ticketTurn + time.Minute, "12h0m0s 0s"},
		{a, 3*ticketTurn + time.Hour, "37h0m0s 12h0m0s"}, {b, 3*ticketTurn + 2*time.Hour, "37h0m0s 12h0m0s"},
		{a, -time.Hour * 48, "-48h0m0s"}, // a clock that was set back makes none that others are to believe for long
	} {
		if got := at(tt.who, tt.when); got != tt.want {
			t.Errorf("after %v: keys of %q, want %q", tt.when, got, tt.want)
		}
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", stat.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("2026-03-01T00:00:00Z short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := at(a, 0); got != "0s" {
		t.Errorf("of a damaged file: %q", got)
	}
	if err := NewTickets(filepath.Join(path, "below")).Refresh(now); err == nil {
		t.Error("a file where a folder should be is no error")
	}
}

// pairForTickets is one certificate for all, for a session belongs to it.
var pairForTickets = sync.OnceValues(func() (cert, key []byte) {
	cert, key, err := SelfSigned([]string{"one.example"}, 24*time.Hour)
	if err != nil {
		panic(err)
	}
	return cert, key
})
