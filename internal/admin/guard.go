package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard keeps out whoever should not ask: other machines by a token, and web
// pages that the operator's own browser was made to load, by the Host they had
// to send (a rebound DNS name still names itself there) and by their Origin.
type guard struct {
	at     address
	digest [sha256.Size]byte // of the token
	token  bool
	cross  *http.CrossOriginProtection
}

func newGuard(o Options) *guard {
	g := &guard{token: o.Token != "", digest: sha256.Sum256([]byte(o.Token)), cross: http.NewCrossOriginProtection()}
	// An address that does not parse cannot be served, so that its Hosts do not matter.
	g.at, _ = parseAddress(o.Address)
	return g
}

// probe lets through what only asks whether the process is well, without token.
func (g *guard) probe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.knows(r.Host) && !g.authorized(r) {
			refuse(w, misdirected())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// full lets through only who may know and do everything.
func (g *guard) full(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r := g.refusal(r); r != nil {
			if r.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g *guard) refusal(r *http.Request) *Refusal {
	switch {
	case g.token && !g.authorized(r):
		return &Refusal{
			Status:  http.StatusUnauthorized,
			Problem: "the token is missing or wrong",
			Hint:    `send "Authorization: Bearer TOKEN" with the [admin] token; the command line takes --token-file`,
		}
	case !g.token && !g.knows(r.Host):
		return misdirected()
	case g.cross.Check(r) != nil:
		return &Refusal{
			Status:  http.StatusForbidden,
			Problem: "a web page of another origin may not do this",
			Hint:    "use the command line",
		}
	}
	return nil
}

func misdirected() *Refusal {
	return &Refusal{
		Status:  http.StatusMisdirectedRequest,
		Problem: "the Host of this request is not that of the admin address",
		Hint:    "ask by the address that [admin] names",
	}
}

// authorized compares digests, so that the time taken tells nothing about the
// token, not even its length.
func (g *guard) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return g.token && strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], g.digest[:]) == 1
}

// knows reports whether a Host is one that the address goes by. An address
// written in figures can never be a rebound name, so that a wildcard address
// takes them all. Clients leave the zone of an address out, as it is
// local to each machine (RFC 4007 section 6), so that none is taken with one.
func (g *guard) knows(hostport string) bool {
	if g.at.network == "unix" {
		return true // no browser reaches it
	}
	host := hostOf(hostport)
	if host == "" {
		return false
	}
	if strings.EqualFold(host, "localhost") || strings.EqualFold(host, g.at.host) {
		return true
	}
	asked, err := netip.ParseAddr(host)
	if err != nil || asked.Zone() != "" {
		return false
	}
	if asked.Unmap().IsLoopback() || g.at.host == "" {
		return true
	}
	bound, err := netip.ParseAddr(g.at.host)
	return err == nil && (bound.IsUnspecified() || bound.WithZone("").Unmap() == asked.Unmap())
}

// hostOf takes the port and the brackets off a Host.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	if inner, ok := strings.CutPrefix(hostport, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return inner
		}
	}
	return hostport
}
