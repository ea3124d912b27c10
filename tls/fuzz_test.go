package tls

import (
	"bytes"
	"os"
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

func FuzzTickets(f *testing.F) {
	f.Add([]byte("2026-03-01T00:00:00Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
	f.Add([]byte("2026-03-01T00:00:00Z short\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if keys := parseTickets(data); len(keys) > 1+bytes.Count(data, []byte("\n")) {
			t.Fatalf("%d keys", len(keys))
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
