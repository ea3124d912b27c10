package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// order has autocert get one certificate. Each has an autocert.Manager of its
// own, which knows one name and has nothing stored, and so must order.
type order struct {
	m    *Manager
	name string
	wire *wire

	mu   sync.Mutex // guards what follows
	pem  []byte     // what was issued
	done bool
}

// run returns the certificate and its PEM.
func (o *order) run(challenge string) (*tls.Certificate, []byte, error) {
	client, err := o.m.client(o.m.ctx, challenge)
	if err != nil {
		return nil, nil, err
	}
	o.wire = client.HTTPClient.Transport.(*wire) //nolint:errcheck // client made it
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS,
		Cache:  o,
		Client: client,
		Email:  o.m.opts.Email,
		HostPolicy: func(_ context.Context, host string) error {
			if host != o.name {
				return fmt.Errorf("%s was not asked for", host)
			}
			return nil
		},
		// Its own renewal is never to come first: by then this package has put a
		// newer certificate where Get finds it.
		RenewBefore:            time.Microsecond,
		ExternalAccountBinding: o.m.opts.binding(),
	}
	manager.HTTPHandler(http.NotFoundHandler()) // turns http-01 on; Token answers
	cert, err := manager.GetCertificate(o.m.hello(o.name))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = true
	if err == nil && o.pem == nil {
		err = errors.New("autocert has returned a certificate that it did not store")
	}
	if o.wire.knowsContact() {
		_ = o.m.storeContact() // or it is told once more
	}
	if err != nil {
		return nil, nil, err
	}
	return cert, o.pem, nil
}

// hello is that of a client which takes the certificates that are ordered here:
// those with an ECDSA key.
func (m *Manager) hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName:       name,
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedCurves:  []tls.CurveID{tls.CurveP256},
		CipherSuites:     []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	}
}

// Get implements [autocert.Cache].
func (o *order) Get(ctx context.Context, key string) ([]byte, error) {
	o.mu.Lock()
	done := o.done
	o.mu.Unlock()
	if key == o.name && done {
		// autocert's own renewal has come: it is shown what is served by now.
		data, err := o.m.opts.Storage.Get(ctx, certificateKey+o.name+".pem")
		if err == nil {
			return data, nil
		}
	}
	return nil, autocert.ErrCacheMiss
}

// Put implements [autocert.Cache].
func (o *order) Put(ctx context.Context, key string, data []byte) error {
	if key == o.name {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.pem = data
		return nil
	}
	return o.m.challenges.put(ctx, key, data)
}

// Delete implements [autocert.Cache].
func (o *order) Delete(ctx context.Context, key string) error {
	if key == o.name {
		return nil
	}
	return o.m.challenges.remove(ctx, key)
}

// client is one for a single order.
func (m *Manager) client(ctx context.Context, challenge string) (*acme.Client, error) {
	key, err := m.account(ctx)
	if err != nil {
		return nil, err
	}
	return &acme.Client{
		Key:          key,
		DirectoryURL: m.opts.Directory,
		UserAgent:    "sterling",
		HTTPClient: &http.Client{Transport: &wire{
			base: m.transport, ctx: m.ctx, directory: m.opts.Directory, challenge: challenge,
		}},
		RetryBackoff: new(nonces).backoff,
	}, nil
}

// nonces counts those that were refused to a client.
type nonces struct{ refused atomic.Int64 }

// maxRefused is how many nonces of an order may be refused: an authority of
// several machines may know few of those that it has given out.
const maxRefused = 40

// backoff is how long to wait before the same request is sent again. Only a nonce
// that was spent is worth it: the authority that is down, or asks for patience,
// gets it from the wait between orders.
func (c *nonces) backoff(n int, _ *http.Request, res *http.Response) time.Duration {
	if res == nil || res.StatusCode != http.StatusBadRequest || c.refused.Add(1) > maxRefused {
		return -1
	}
	return time.Duration(min(n, 5)) * 100 * time.Millisecond
}

// account is the key of the account, which is made when there is none.
func (m *Manager) account(ctx context.Context) (crypto.Signer, error) {
	m.accountMu.Lock()
	defer m.accountMu.Unlock()
	if m.accountKey != nil {
		return m.accountKey, nil
	}
	key, err := readAccount(ctx, m.opts.Storage)
	if errors.Is(err, ErrNone) {
		key, err = makeAccount(ctx, m.opts.Storage)
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the account: %w", err)
	}
	m.accountKey = key
	return key, nil
}

func readAccount(ctx context.Context, s Storage) (crypto.Signer, error) {
	data, err := s.Get(ctx, accountKey)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, errors.New("the file is damaged: restore it, or remove it for a new account")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the file is damaged: restore it, or remove it for a new account")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P224() { // which JSON Web Algorithms do not know (RFC 7518, section 3.1)
			return key, nil
		}
	}
	return nil, errors.New("it is neither of RSA nor of ECDSA over P-256, P-384 or P-521: restore one that is, or remove it for a new account")
}

// makeAccount makes a key, under a lock, or two processes had two accounts.
func makeAccount(ctx context.Context, s Storage) (crypto.Signer, error) {
	release, err := s.Lock("account")
	if err != nil {
		return nil, err
	}
	defer release()
	if key, err := readAccount(ctx, s); !errors.Is(err, ErrNone) {
		return key, err // another process was faster
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, s.Put(ctx, accountKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
