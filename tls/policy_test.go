package tls

import (
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// agree has a client and a server with these options shake hands.
func agree(t *testing.T, a *authority, server Options, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	store, faults := Load([]Pair{a.host("server", "secret.example.org", "public.example.org")})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", store.ServerConfig(server))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	seen := make(chan tls.ConnectionState, 1)
	go func() {
		defer close(seen)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if s := c.(*tls.Conn); s.Handshake() == nil {
			seen <- s.ConnectionState()
			_, _ = c.Read(make([]byte, 1)) // until the client goes
		}
	}()
	client.RootCAs = a.pool()
	c, err := tls.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	_ = c.Close()
	return <-seen, nil
}

func TestWhichSuitesAndCurvesAreAgreedOn(t *testing.T) {
	a := newAuthority(t)
	for _, tc := range []struct {
		name   string
		server Options
		client *tls.Config
		curve  tls.CurveID
		suite  uint16 // 0: any; and no agreement where there is no curve either
	}{
		{"the default withstands quantum computers", Options{}, &tls.Config{}, tls.X25519MLKEM768, 0},
		{"a client without", Options{}, &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}}, tls.X25519, 0},
		{"only one curve", Options{Curves: []string{"P-256"}}, &tls.Config{}, tls.CurveP256, 0},
		{"only one curve, and another client", Options{Curves: []string{"P-384"}}, &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}}, 0, 0},
		{"only one suite", Options{Suites: []string{"ECDHE-ECDSA-CHACHA20-POLY1305"}}, &tls.Config{MaxVersion: tls.VersionTLS12}, tls.X25519, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
		{"a suite of another key", Options{Suites: []string{"ECDHE-RSA-AES128-GCM-SHA256"}}, &tls.Config{MaxVersion: tls.VersionTLS12}, 0, 0},
		{"an old client", Options{}, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.client.ServerName = "secret.example.org"
			state, err := agree(t, a, tc.server, tc.client)
			if (err == nil) != (tc.curve != 0) || state.CurveID != tc.curve || tc.suite != 0 && state.CipherSuite != tc.suite {
				t.Errorf("%v, %v, %x", err, state.CurveID, state.CipherSuite)
			}
		})
	}
}

func TestEncryptedClientHello(t *testing.T) {
	a := newAuthority(t)
	path := filepath.Join(a.dir, "ech.pem")
	for _, name := range []string{"localhost", "exa mple.org", "a..org", ".a.org", "a.org.", "a_b.org", "-a.org", "192.0.2.1", "a.0x1", strings.Repeat("a", 64) + ".org"} {
		if _, _, err := NewECH(name); err == nil {
			t.Errorf("no client would take %q as the public name", name)
		}
	}
	var lists, files [][]byte
	for range 2 {
		file, list, err := NewECH("public.example.org")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(list)
		if err != nil {
			t.Fatal(err)
		}
		lists, files = append(lists, raw), append(files, file)
	}
	key, public, err := ReadECH(path)
	if err != nil || public != "public.example.org" {
		t.Fatal(public, err)
	}
	server := Options{ECH: func() []tls.EncryptedClientHelloKey { return []tls.EncryptedClientHelloKey{key} }}
	client := func(list []byte) *tls.Config {
		return &tls.Config{ServerName: "secret.example.org", EncryptedClientHelloConfigList: list, MinVersion: tls.VersionTLS13}
	}
	state, err := agree(t, a, server, client(lists[1]))
	if err != nil || !state.ECHAccepted || state.ServerName != "secret.example.org" {
		t.Errorf("%v, accepted %v, %s", err, state.ECHAccepted, state.ServerName)
	}
	// A client with an old key learns the new one.
	_, err = agree(t, a, server, client(lists[0]))
	retry, ok := err.(*tls.ECHRejectionError) //nolint:errorlint // it is the whole error
	if !ok || !slices.Equal(retry.RetryConfigList, lists[1]) {
		t.Errorf("an old key: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(string) string{
		"no key":     func(s string) string { return s[strings.Index(s, "-----BEGIN ECH"):] },
		"no config":  func(s string) string { return s[:strings.Index(s, "-----BEGIN ECH")] },
		"cut config": func(string) string { return string(text[:40]) },
		"another's": func(s string) string {
			return s[:strings.Index(s, "-----BEGIN ECH")] + string(files[0][strings.Index(string(files[0]), "-----BEGIN ECH"):])
		},
	} {
		if err := os.WriteFile(path, []byte(damage(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadECH(path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
