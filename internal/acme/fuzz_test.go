package acme

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// stored is a Storage with one thing in it, or none when it is nil.
type stored []byte

func (s stored) Get(context.Context, string) ([]byte, error) {
	if s == nil {
		return nil, ErrNone
	}
	return s, nil
}
func (s *stored) Put(_ context.Context, _ string, data []byte) error { *s = data; return nil }
func (s *stored) Delete(context.Context, string) error               { *s = nil; return nil }
func (s *stored) Lock(string) (func(), error)                        { return func() {}, nil }

// Whatever is stored of failures, the next order comes in a time that is bounded,
// and what follows is written, and read, as what it is.
func FuzzReadFailure(f *testing.F) {
	for _, s := range []string{
		`{"count":2,"last":"2026-03-01T00:00:00Z","next":"2026-03-01T00:05:00Z","error":"too many"}`,
		`{"count":-5,"next":"9999-12-31T23:59:59Z"}`, `{"count":9223372036854775807}`, `{"count":1e3}`, `{"next":"0001-01-01T00:00:00Z"}`,
		`{"last":"2026-03-01T00:00:00+23:59"}`, `{"error":"\u0000\ud800"}`, `[]`, `{`, ``,
	} {
		f.Add([]byte(s), int64(0))
	}
	f.Add([]byte(`{"count":1}`), int64(1)<<62)
	f.Fuzz(func(t *testing.T, data []byte, retryAfter int64) {
		s := stored(data)
		now := time.Now()
		read := readFailure(t.Context(), &s, "a.example")
		if read.Count < 0 || read.Next.After(now.Add(maxRetryAfter+time.Minute)) {
			t.Fatalf("%q: %+v", data, read)
		}
		next := read.after(now, now.Add(time.Duration(retryAfter)), errors.New("no"))
		if next.Count != read.Count+1 || next.Next.Before(now.Add(waits[0])) || next.Next.After(now.Add(maxRetryAfter)) {
			t.Fatalf("%+v is followed by %+v", read, next)
		}
		if err := next.store(t.Context(), &s, "a.example"); err != nil {
			t.Fatal(err)
		}
		again := readFailure(t.Context(), &s, "a.example")
		if again.Count != next.Count || !again.Next.Equal(next.Next) || !again.Last.Equal(next.Last) || again.Error != next.Error {
			t.Fatalf("%+v has become %+v", next, again)
		}
	})
}

// A certificate that is read is of the name, has its key and can be renewed in time.
// One that is not says whose it is.
func FuzzReadCertificate(f *testing.F) {
	const name = "a.example"
	seed := certified(f, name)
	f.Add(seed)
	f.Add(certified(f, "b.example"))
	f.Add(certified(f, "*.example"))
	f.Add(seed[:len(seed)/2])
	f.Add(bytes.Replace(seed, []byte("EC PRIVATE"), []byte("PRIVATE"), 1))
	f.Add(append(bytes.Clone(seed), seed...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if data == nil {
			data = []byte{}
		}
		s := stored(data)
		cert, err := readCertificate(t.Context(), &s, name)
		if err != nil {
			if cert != nil || !strings.Contains(err.Error(), name) {
				t.Fatalf("%v, %v", cert, err)
			}
			return
		}
		digest := sha256.Sum256(data)
		signature, err := cert.PrivateKey.(crypto.Signer).Sign(rand.Reader, digest[:], crypto.SHA256)
		if public, ok := cert.Leaf.PublicKey.(*ecdsa.PublicKey); ok && (err != nil || !ecdsa.VerifyASN1(public, digest[:], signature)) {
			t.Fatalf("the key is another one's: %v", err)
		}
		if cert.Leaf.VerifyHostname(name) != nil {
			t.Fatal("it is not of that name")
		}
		if due, leaf := renewal(cert), cert.Leaf; leaf.NotAfter.After(leaf.NotBefore) && (due.Before(leaf.NotBefore) || due.After(leaf.NotAfter)) {
			t.Fatalf("valid from %v to %v, and due at %v", leaf.NotBefore, leaf.NotAfter, due)
		}
		if replaces(cert, cert) || !replaces(cert, nil) {
			t.Fatal("it would be taken for another one")
		}
	})
}

// A key that is read can sign for an account. One that is damaged is neither used
// nor taken for none: a new account would take its place.
func FuzzReadAccount(f *testing.F) {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	small, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for _, key := range []any{ec, small, ed} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			f.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		f.Add(text)
		f.Add(text[:len(text)-9])
		f.Add(bytes.ReplaceAll(text, []byte("PRIVATE"), []byte("ENCRYPTED PRIVATE")))
	}
	f.Add([]byte{})
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if data == nil {
			data = []byte{}
		}
		s := stored(data)
		key, err := readAccount(t.Context(), &s)
		if err != nil {
			if key != nil || errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "remove it") {
				t.Fatalf("%q: %v, %v", data, key, err)
			}
			return
		}
		public, ok := key.Public().(*ecdsa.PublicKey)
		if _, err := acme.JWKThumbprint(key.Public()); err != nil || ok && public.Params().BitSize < 256 {
			t.Fatalf("no authority knows it: %T, %v", key, err)
		}
	})
}

// certified is what autocert stores: a key, and a certificate that it has signed
// itself.
func certified(f *testing.F, name string) []byte {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
}
