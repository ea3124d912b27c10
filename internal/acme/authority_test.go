package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority is an ACME server (RFC 8555) that knows what these tests need. It is
// reached over connections in memory, so that it lives in the tests' time.
type authority struct {
	t    *testing.T
	life time.Duration
	key  *ecdsa.PrivateKey
	cert *x509.Certificate

	mu sync.Mutex // guards what follows
	// ask answers a challenge as the door does; nil: none can be asked.
	ask *Manager
	// refuse answers a path with an error; nil: it refuses nothing.
	refuse func(path string) (status int, header http.Header, problem string)
	// dated changes what is issued; nil: it does not.
	dated func(leaf *x509.Certificate)
	// patience is the Retry-After of orders and authorizations; while it is not
	// "", no challenge is looked at.
	patience string
	nonce    int
	orders   []*testOrder
	revoked  int
	byName   map[string]int      // orders
	tried    map[string][]string // kinds of challenges, by name
	dialled  chan net.Conn
	account  string // what the first request for one held
	contact  string // the account's, as JSON
	updates  int    // of the account
}

type testOrder struct {
	name, status, token, problem string
	kind                         string // of the challenge that was tried
	chain                        []byte
}

const testDirectory = "http://ca.example/directory"

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{
		t: t, life: 90 * 24 * time.Hour, dialled: make(chan net.Conn),
		byName: make(map[string]int), tried: make(map[string][]string),
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: a}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(a) // ends with Close below
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return a
}

// Accept implements [net.Listener].
func (a *authority) Accept() (net.Conn, error) {
	if c, ok := <-a.dialled; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// Close implements [net.Listener].
func (a *authority) Close() error { close(a.dialled); return nil }

// Addr implements [net.Listener].
func (a *authority) Addr() net.Addr { return &net.TCPAddr{} }

// transport reaches the authority.
func (a *authority) transport() *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		a.dialled <- server
		return client, nil
	}}
}

// change sets what the authority does from now on.
func (a *authority) change(how func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	how()
}

func (a *authority) count(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byName[name]
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.nonce++
	w.Header().Set("Replay-Nonce", fmt.Sprintf("nonce-%d", a.nonce))
	refuse := a.refuse
	a.mu.Unlock()
	if refuse != nil {
		if status, header, problem := refuse(r.URL.Path); status != 0 {
			for name, values := range header {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, problem)
			return
		}
	}
	var envelope struct{ Payload string }
	_ = json.NewDecoder(r.Body).Decode(&envelope) // a GET has none
	payload, err := base64.RawURLEncoding.DecodeString(envelope.Payload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.serve(w, r, payload)
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request, payload []byte) {
	const base = "http://ca.example"
	a.mu.Lock()
	defer a.mu.Unlock()
	var (
		n      int
		status = http.StatusOK
		out    any
	)
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if _, err := fmt.Sscanf(id, "%d", &n); err == nil && kind != "account" && n >= len(a.orders) {
		http.NotFound(w, r)
		return
	}
	switch kind {
	case "directory":
		out = map[string]any{
			"meta":     map[string]string{"termsOfService": base + "/terms"},
			"newNonce": base + "/nonce", "newAccount": base + "/account", "newOrder": base + "/order",
			"revokeCert": base + "/revoke", "keyChange": base + "/key",
		}
	case "nonce":
		return
	case "account":
		var req struct {
			OnlyReturnExisting bool
			Contact            json.RawMessage
		}
		_ = json.Unmarshal(payload, &req) // the zero value makes an account
		w.Header().Set("Location", base+"/account/1")
		switch {
		case id != "":
			a.updates++
			a.contact = string(req.Contact)
		case a.account == "" && req.OnlyReturnExisting:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"type":"urn:ietf:params:acme:error:accountDoesNotExist"}`)
			return
		case a.account == "":
			a.account, a.contact, status = string(payload), string(req.Contact), http.StatusCreated
		}
		account := map[string]any{"status": "valid"}
		if a.contact != "" {
			account["contact"] = json.RawMessage(a.contact)
		}
		out = account
	case "order":
		w.Header()["Retry-After"] = headerOf(a.patience)
		if id == "" {
			n, status = a.newOrder(payload), http.StatusCreated
		}
		w.Header().Set("Location", fmt.Sprintf("%s/order/%d", base, n))
		out = a.order(n)
	case "authz":
		w.Header()["Retry-After"] = headerOf(a.patience)
		out = a.authorization(n)
	case "http-01", "tls-alpn-01":
		a.orders[n].kind = kind
		go a.validate(n, kind)
		out = map[string]string{"type": kind, "url": fmt.Sprintf("%s/%s/%d", base, kind, n), "status": "processing", "token": a.orders[n].token}
	case "finalize":
		if err := a.issue(n, payload); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Location", fmt.Sprintf("%s/order/%d", base, n))
		out = a.order(n)
	case "cert":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.orders[n].chain)
		return
	case "revoke":
		a.revoked++
		return
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

func (a *authority) newOrder(payload []byte) int {
	var req struct{ Identifiers []struct{ Value string } }
	if err := json.Unmarshal(payload, &req); err != nil || len(req.Identifiers) != 1 {
		a.t.Errorf("an order of %s", payload)
	}
	name := req.Identifiers[0].Value
	a.byName[name]++
	n := len(a.orders)
	a.orders = append(a.orders, &testOrder{name: name, status: "pending", token: fmt.Sprintf("token-of-the-order-%06d", n)})
	return n
}

func (a *authority) order(n int) any {
	o := a.orders[n]
	out := map[string]any{
		"status": o.status, "identifiers": []map[string]string{{"type": "dns", "value": o.name}},
		"authorizations": []string{fmt.Sprintf("http://ca.example/authz/%d", n)},
		"finalize":       fmt.Sprintf("http://ca.example/finalize/%d", n),
	}
	if o.chain != nil {
		out["certificate"] = fmt.Sprintf("http://ca.example/cert/%d", n)
	}
	return out
}

func (a *authority) authorization(n int) any {
	o := a.orders[n]
	status := map[string]string{"pending": "pending", "invalid": "invalid"}[o.status]
	if status == "" {
		status = "valid"
	}
	var challenges []map[string]any
	for _, kind := range []string{"dns-01", TLSALPN01, HTTP01} {
		c := map[string]any{"type": kind, "url": fmt.Sprintf("http://ca.example/%s/%d", kind, n), "token": o.token, "status": "pending"}
		if kind == o.kind && o.problem != "" {
			c["status"], c["error"] = "invalid", map[string]string{"type": "urn:ietf:params:acme:error:connection", "detail": o.problem}
		}
		challenges = append(challenges, c)
	}
	return map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": o.name}, "challenges": challenges}
}

// validate asks the door.
func (a *authority) validate(n int, kind string) {
	a.mu.Lock()
	o := a.orders[n]
	a.tried[o.name] = append(a.tried[o.name], kind)
	name, token, later := o.name, o.token, a.patience != ""
	a.mu.Unlock()
	if later {
		return
	}
	err := a.challenge(kind, name, token)
	a.mu.Lock()
	defer a.mu.Unlock()
	o.status = "ready"
	if err != nil {
		o.status, o.problem = "invalid", err.Error()
	}
}

func (a *authority) challenge(kind, name, token string) error {
	a.mu.Lock()
	door := a.ask
	a.mu.Unlock()
	if door == nil {
		return errors.New("nobody answers")
	}
	if kind == HTTP01 {
		if answer := string(door.Token(context.Background(), TokenPath+token)); !strings.HasPrefix(answer, token+".") {
			return fmt.Errorf("the door answers %q", answer)
		}
		return nil
	}
	cert, err := door.Challenge(context.Background(), name)
	if err != nil {
		return err
	}
	// RFC 8737, section 3.
	for _, ext := range cert.Leaf.Extensions {
		if ext.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			return cert.Leaf.VerifyHostname(name)
		}
	}
	return errors.New("the certificate has no acmeIdentifier")
}

func (a *authority) issue(n int, payload []byte) error {
	var req struct{ CSR string }
	if err := json.Unmarshal(payload, &req); err != nil {
		return err
	}
	der, err := base64.RawURLEncoding.DecodeString(req.CSR)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	cert, err := a.sign(csr.PublicKey, csr.DNSNames...)
	if err != nil {
		return err
	}
	o := a.orders[n]
	o.status = "valid"
	for _, der := range [][]byte{cert, a.cert.Raw} {
		o.chain = append(o.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return nil
}

func (a *authority) sign(public any, names ...string) ([]byte, error) {
	raw, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(sum[:8]), DNSNames: names,
		NotBefore: time.Now().Truncate(time.Second), NotAfter: time.Now().Truncate(time.Second).Add(a.life),
	}
	if a.dated != nil {
		a.dated(leaf)
	}
	return x509.CreateCertificate(rand.Reader, leaf, a.cert, public, a.key)
}

// headerOf is a header's values; "": there is none.
func headerOf(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

var _ http.Handler = (*authority)(nil)

// serial is the number of the certificate that is served for a name; "": none.
func serial(m *Manager, name string) string {
	for _, c := range m.Certificates() {
		if c.Leaf.DNSNames[0] == name {
			return c.Leaf.SerialNumber.String()
		}
	}
	return ""
}
