package tls

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/regular"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFaultsOfPairs(t *testing.T) {
	ca := newAuthority(t)
	sub := ca.under("test intermediate")
	good := ca.host("good", "good.example")
	other := ca.host("other", "other.example")
	leaf := sub.host("leaf", "leaf.example")
	leafPEM, subPEM, rootPEM := read(t, leaf.Cert), encodeCertificate(sub.cert.Raw), encodeCertificate(ca.cert.Raw)
	missing := filepath.Join(ca.dir, "missing")
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})

	tests := []struct {
		name  string
		pair  Pair
		field string // of the one fault; "": none
		want  []string
	}{
		{"good", good, "", nil},
		{"one file for both", Pair{ca.write("both", read(t, good.Key), read(t, good.Cert)), filepath.Join(ca.dir, "both")}, "", nil},
		{"full chain", Pair{ca.write("full", leafPEM, subPEM, rootPEM), leaf.Key}, "", nil},
		{"chain with text between", Pair{ca.write("text", leafPEM, []byte("\nsubject=x\n"), subPEM), leaf.Key}, "", nil},
		{"no certificate file", Pair{missing, good.Key}, "cert", []string{missing, "no such file"}},
		{"no key file", Pair{good.Cert, missing}, "key", []string{missing, "no such file"}},
		{"empty certificate file", Pair{ca.write("empty", nil), good.Key}, "cert", []string{"no certificate", "PEM"}},
		{"binary certificate", Pair{ca.write("der", ca.cert.Raw), good.Key}, "cert", []string{"no certificate", "PEM"}},
		{"places changed", Pair{good.Key, good.Cert}, "cert", []string{"changed places"}},
		{"broken certificate", Pair{ca.write("broken", encodeCertificate([]byte("x"))), good.Key}, "cert", []string{"certificate 1"}},
		{"broken issuer", Pair{ca.write("broken2", leafPEM, encodeCertificate([]byte("x"))), leaf.Key}, "cert", []string{"certificate 2"}},
		{"damaged issuer", Pair{ca.write("broken3", leafPEM, bytes.Replace(subPEM, []byte("MI"), []byte("M!"), 1)), leaf.Key}, "cert", []string{"PEM block 2", "is not whole"}},
		{"cut issuer", Pair{ca.write("cut", leafPEM, subPEM[:len(subPEM)-9]), leaf.Key}, "cert", []string{"PEM block 2", "is not whole"}},
		{"no key in the key file", Pair{good.Cert, other.Cert}, "key", []string{"holds no private key"}},
		{"key of another", Pair{good.Cert, other.Key}, "key", []string{"does not match", "made for"}},
		{"encrypted key", Pair{good.Cert, ca.write("enc", encrypted)}, "key", []string{"encrypted", "passphrase"}},
		{"issuer first", Pair{ca.write("reverse", subPEM, leafPEM), leaf.Key}, "cert", []string{"does not match", "first"}},
		{"issuers in the wrong order", Pair{ca.write("order", leafPEM, rootPEM, subPEM), leaf.Key}, "cert", []string{"certificate 2", "did not issue"}},
		{"a stranger in the chain", Pair{ca.write("stranger", leafPEM, subPEM, read(t, other.Cert)), leaf.Key}, "cert", []string{"certificate 3", "did not issue"}},
		{"no names", ca.pair("cn.example", newECDSA(t), forNames()), "cert", []string{"names no host", "subject alternative name", `DNS:"cn.example"`}},
		{"only an address", ca.host("address", "127.0.0.1"), "", nil},
	}
	for i, tt := range tests {
		s, faults := Load([]Pair{tt.pair})
		if tt.field == "" {
			if s == nil || len(faults) > 0 {
				t.Errorf("%s: %v", tt.name, faults)
			}
			continue
		}
		if s != nil || len(faults) != 1 || faults[0].Field != tt.field || faults[0].Index != 0 {
			t.Errorf("%s: a store %v with %+v, want one fault of the %s file", tt.name, s != nil, faults, tt.field)
			continue
		}
		text := faults[0].Error()
		for _, want := range append(tt.want, faults[0].File) {
			if !strings.Contains(text, want) {
				t.Errorf("%s (%d): %q lacks %q", tt.name, i, text, want)
			}
		}
		if strings.Count(text, faults[0].File) != 1 {
			t.Errorf("%s: %q names the file more than once", tt.name, text)
		}
	}
}

func TestAllFaultsAreReported(t *testing.T) {
	ca := newAuthority(t)
	good, noName := ca.host("good", "good.example"), ca.pair("cn", newECDSA(t), forNames())
	missing := Pair{filepath.Join(ca.dir, "a"), filepath.Join(ca.dir, "b")}
	s, faults := Load([]Pair{missing, good, noName, missing})
	if s != nil {
		t.Error("a store in spite of faults")
	}
	var got []string
	for _, f := range faults {
		got = append(got, string(rune('0'+f.Index))+f.Field)
	}
	if want := "0cert 0key 2cert 3cert 3key"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(faults[0], fs.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", faults[0])
	}
}

func TestAnExpiredCertificateIsServedWithAWarning(t *testing.T) {
	ca := newAuthority(t)
	old := ca.pair("old", newECDSA(t), func(c *x509.Certificate) {
		c.DNSNames = []string{"Old.example"}
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	})
	leaves := load(t, old, ca.host("new", "new.example", "127.0.0.1")).Certificates()
	if len(leaves) != 2 {
		t.Fatalf("%d certificates, want 2", len(leaves))
	}
	now := time.Now()
	if w := leaves[0].Warning(now); !strings.Contains(w, "expired") {
		t.Errorf("got %q", w)
	}
	if w := leaves[1].Warning(now); w != "" {
		t.Errorf("got %q", w)
	}
	if w := leaves[1].Warning(now.Add(-24 * time.Hour)); !strings.Contains(w, "not valid before") {
		t.Errorf("got %q", w)
	}
	if got := leaves[0].Names; len(got) != 1 || got[0] != "old.example" {
		t.Errorf("names %q", got)
	}
	if got := strings.Join(leaves[1].Names, " "); got != "new.example 127.0.0.1" {
		t.Errorf("names %q", got)
	}
	if leaves[0].Issuer != "CN=test root" || leaves[0].Algorithm != "ECDSA" {
		t.Errorf("got %+v", leaves[0])
	}
}

func FuzzParseChain(f *testing.F) {
	certPEM, keyPEM, err := SelfSigned([]string{"a.example"}, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(certPEM)
	f.Add(append(bytes.Clone(keyPEM), certPEM...))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{})
	f.Add(append(bytes.Clone(certPEM), certPEM[:len(certPEM)/2]...))
	f.Add(append([]byte("subject=x\n"), append(certPEM, certPEM...)...))
	f.Fuzz(func(t *testing.T, text []byte) {
		chain, err := parseChain(text)
		if (err == nil) != (len(chain) > 0) {
			t.Fatalf("%d certificates with error %v", len(chain), err)
		}
		if err != nil {
			return
		}
		if _, err := parseChain(append(bytes.Clone(text), "\n-----BEGIN CERTIFICATE-----\n"...)); !errors.Is(err, errDamaged) {
			t.Fatalf("with a block behind it that is cut: %v", err)
		}
		var written []byte
		for _, cert := range chain {
			written = append(written, encodeCertificate(cert.Raw)...)
		}
		again, err := parseChain(written)
		if err != nil || !slices.EqualFunc(chain, again, (*x509.Certificate).Equal) {
			t.Fatalf("%d certificates became %d, %v", len(chain), len(again), err)
		}
	})
}

// A pair that is served has the key of its certificate. Of one that is not,
// something is said about one of its files, and nothing of the key.
func FuzzPair(f *testing.F) {
	certPEM, keyPEM, err := SelfSigned([]string{"a.example"}, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	other, _, err := SelfSigned([]string{"b.example"}, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	both := append(bytes.Clone(certPEM), keyPEM...)
	f.Add(certPEM, keyPEM)
	f.Add(both, both)
	f.Add(keyPEM, certPEM)
	f.Add(other, keyPEM)
	f.Add(certPEM, bytes.Replace(keyPEM, []byte("MI"), []byte("MJ"), 1))
	f.Add(certPEM, keyPEM[:len(keyPEM)/2])
	f.Add(append(bytes.Clone(other), certPEM...), keyPEM)
	f.Add([]byte{}, []byte("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----\n"))
	dir := f.TempDir()
	p := Pair{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	f.Fuzz(func(t *testing.T, certPEM, keyPEM []byte) {
		if err := errors.Join(os.WriteFile(p.Cert, certPEM, 0o600), os.WriteFile(p.Key, keyPEM, 0o600)); err != nil {
			t.Fatal(err)
		}
		r := pairReader{pair: p}
		got := r.read()
		if (got == nil) != (len(r.faults) > 0) {
			t.Fatalf("a pair %v, beside %v", got != nil, r.faults)
		}
		for _, fault := range r.faults {
			text := fault.Error()
			if !strings.Contains(text, dir) || fault.Hint == "" && !strings.Contains(text, "certificate") {
				t.Fatalf("%q", text)
			}
			for line := range bytes.Lines(keyPEM) {
				if line = bytes.TrimSpace(line); len(line) > 32 && strings.Contains(text, string(line)) {
					t.Fatalf("%q tells of the key", text)
				}
			}
		}
		if got == nil {
			return
		}
		if got.Leaf == nil || !bytes.Equal(got.Leaf.Raw, got.Certificate[0]) {
			t.Fatal("the leaf is another certificate")
		}
		public, ok := got.Leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !public.Equal(got.PrivateKey.(crypto.Signer).Public()) {
			t.Fatal("the key is another one's")
		}
	})
}

// A reload, or the watcher of the files, must not wait for one who writes to it.
func TestReadersRefuseAFIFO(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo.pem")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, read := range map[string]func() error{
		"certificates": func() error {
			_, faults := Load([]Pair{{fifo, fifo}})
			return faults[0]
		},
		"revocation lists": func() error { _, err := readLists(fifo); return err },
		"a pattern":        func() error { _, err := Find(fifo); return err },
		"authorities":      func() error { _, err := ReadAuthorities(fifo); return err },
		"a client pair":    func() error { _, err := readClientPair(Pair{fifo, fifo}); return err },
		"a key of ECH":     func() error { _, _, err := ReadECH(fifo); return err },
		"tickets":          func() error { return NewTickets(fifo).Refresh(time.Now()) },
	} {
		if err := read(); !errors.Is(err, regular.ErrOther) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
