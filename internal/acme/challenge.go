package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"sync"
)

// Kinds of challenges.
const (
	HTTP01    = "http-01"     // RFC 8555, section 8.3
	TLSALPN01 = "tls-alpn-01" // RFC 8737
)

// challenges is what is being proved right now. It is stored, too, for the
// authority may ask another process that listens at the same address.
type challenges struct {
	storage Storage

	mu  sync.Mutex        // guards own
	own map[string][]byte // by autocert's keys
}

func (c *challenges) put(ctx context.Context, key string, data []byte) error {
	c.mu.Lock()
	c.own[key] = data
	c.mu.Unlock()
	return c.storage.Put(ctx, challengeKey+key, data)
}

func (c *challenges) remove(ctx context.Context, key string) error {
	c.mu.Lock()
	delete(c.own, key)
	c.mu.Unlock()
	return c.storage.Delete(ctx, challengeKey+key)
}

func (c *challenges) get(ctx context.Context, key string) []byte {
	c.mu.Lock()
	data, ok := c.own[key]
	c.mu.Unlock()
	if ok {
		return data
	}
	data, _ = c.storage.Get(ctx, challengeKey+key) // an error is as good as none
	return data
}

// TokenPath is what the path of an http-01 request begins with.
const TokenPath = "/.well-known/acme-challenge/"

// Token answers an http-01 request for a path below TokenPath; nil: it is no
// business of this Manager. Whichever host is asked for: nobody can guess a token,
// and one that a rehearsal has stored may be for a host that is yet to come.
func (m *Manager) Token(ctx context.Context, path string) []byte {
	token := strings.TrimPrefix(path, TokenPath)
	if len(token) == len(path) || !isToken(token) {
		return nil
	}
	return m.challenges.get(ctx, token+"+http-01")
}

// isToken reports whether it is one of base64url's letters alone (RFC 8555,
// section 8.3), of a length that one may have.
func isToken(s string) bool {
	if len(s) < 16 || len(s) > 128 {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return false
		}
	}
	return true
}

var errNoChallenge = errors.New("no challenge of that name is under way")

// Challenge is the certificate that answers a tls-alpn-01 handshake.
func (m *Manager) Challenge(ctx context.Context, name string) (*tls.Certificate, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !m.has(name) {
		return nil, errNoChallenge
	}
	data := m.challenges.get(ctx, name+"+token")
	if data == nil {
		return nil, errNoChallenge
	}
	return parse(data)
}
