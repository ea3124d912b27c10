package tls

import (
	"bytes"
	"crypto/tls"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func FuzzRevocationLists(f *testing.F) {
	a := newAuthority(f)
	text, err := os.ReadFile(a.list("a.crl", 1, time.Now().Add(time.Hour), 7, 1<<40))
	if err != nil {
		f.Fatal(err)
	}
	ders, _, err := pemBlocks(text, "X509 CRL")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(ders[0])
	f.Add(append(text, text[:len(text)/2]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		lists, err := parseLists(data)
		if (err == nil) != (len(lists) > 0) {
			t.Fatalf("%d lists, %v", len(lists), err)
		}
		for _, list := range lists {
			newRevocationList(list, a.cert)
		}
	})
}

// Of a file of ticket keys all is read or nothing, and what is written of it is the
// same again.
func FuzzTickets(f *testing.F) {
	const good = "2026-03-01T00:00:00Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	f.Add([]byte(good))
	f.Add([]byte("2026-03-01T00:00:00Z short\n"))
	f.Add([]byte(good + "2026-03-02T00:00:00+23:59 " + good[21:]))
	f.Add([]byte(good + "\n" + good))
	f.Add([]byte(good + strings.Repeat("x", 70_000) + "\n" + good))
	path := filepath.Join(f.TempDir(), "tickets")
	f.Fuzz(func(t *testing.T, data []byte) {
		keys := parseTickets(data)
		if lines := bytes.Count(data, []byte("\n")); len(keys) > 0 && len(keys) != lines && len(keys) != lines+1 {
			t.Fatalf("%d keys of %d lines", len(keys), lines)
		}
		if err := writeTickets(path, keys); err != nil {
			t.Fatal(err)
		}
		again, err := readTickets(path)
		if err != nil || !slices.EqualFunc(keys, again, func(a, b ticketKey) bool { return a.born.Equal(b.born) && a.secret == b.secret }) {
			t.Fatalf("%q was read again as %d keys, %v", data, len(again), err)
		}
	})
}

// A certificate that is chosen by a name bears it, and one that bears it is found.
func FuzzServerName(f *testing.F) {
	for _, s := range []string{"a.example", "A.EXAMPLE.", "b.example", "x.y.example", "deep.w.example.org", "w.example.org", ".example", "a.example\x00", "127.0.0.1", "", "*.example", "é.example", "c.", "-.w.example.org"} {
		f.Add(s)
	}
	a := newAuthority(f)
	var pairs []Pair
	for i, names := range [][]string{{"a.example", "c"}, {"*.example"}, {"*.w.example.org", "Mixed.Example.Org"}} {
		pairs = append(pairs, a.host("p"+strconv.Itoa(i), names...))
	}
	s, faults := Load(pairs)
	if len(faults) > 0 {
		f.Fatal(faults)
	}
	hostname := regexp.MustCompile(`^(?i)[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*\.?$`)
	f.Fuzz(func(t *testing.T, name string) {
		table := s.current()
		got := table.bearing(canonical(name))
		if s.Serves(name) != (got != nil) || table.find(name) == nil {
			t.Fatalf("%q: it is served: %v", name, s.Serves(name))
		}
		if _, err := netip.ParseAddr(strings.TrimSuffix(name, ".")); !hostname.MatchString(name) || err == nil {
			return // no client can hold a certificate against it
		}
		bears := func(cert *tls.Certificate) bool { return cert.Leaf.VerifyHostname(name) == nil }
		if got == nil && slices.ContainsFunc(table.certs, bears) || got != nil && !slices.ContainsFunc(got.certs, bears) {
			t.Fatalf("%q: found one: %v", name, got != nil)
		}
	})
}

func FuzzECH(f *testing.F) {
	file, _, err := NewECH("public.example.org")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		if key, public, err := parseECH(data); err == nil && (!isPublicName(public) || len(key.PrivateKey) != 32) {
			t.Fatalf("%q, a key of %d bytes", public, len(key.PrivateKey))
		}
		if len(data) > 4 {
			_, _, _ = readConfig(data)
		}
	})
}
