package headers

import (
	"net/http"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
)

// maxChain bounds how many entries of X-Forwarded-For are looked at.
const maxChain = 64

// Trust knows which peers are proxies that tell the truth about their clients.
// A nil Trust, and one made of no prefixes, trusts nobody.
type Trust struct{ prefixes []netip.Prefix }

// NewTrust returns a Trust in the peers within prefixes. IPv4 prefixes hold for
// IPv4 addresses mapped into IPv6 as well; invalid prefixes hold for none.
func NewTrust(prefixes []netip.Prefix) *Trust {
	t := &Trust{prefixes: make([]netip.Prefix, 0, len(prefixes))}
	for _, p := range prefixes {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		if p.IsValid() {
			t.prefixes = append(t.prefixes, p)
		}
	}
	return t
}

// Trusts reports whether the address is that of a trusted proxy.
func (t *Trust) Trusts(a netip.Addr) bool {
	if t == nil || len(t.prefixes) == 0 || !a.IsValid() {
		return false
	}
	a = a.Unmap().WithZone("") // a prefix contains no address with a zone
	for _, p := range t.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Forwarded is what is known of the client behind a peer.
type Forwarded struct {
	// Client is the address of the nearest peer, seen from here, that is no
	// trusted proxy: the peer itself, unless that is trusted. Never an IPv4
	// address mapped into IPv6, and without a zone.
	Client netip.Addr
	// Trusted is set when the peer is a trusted proxy. All that follows is
	// empty otherwise, and where the peer said nothing, nothing sane, or more
	// than one thing.
	Trusted bool
	// Chain are the addresses that the peer reported, from Client on, without
	// the peer itself. What stands left of Client is a claim of the client's,
	// and left out.
	Chain []netip.Addr
	// Host is the Host header that the client sent to the first proxy, valid
	// as host[:port].
	Host string
	// Proto is "http" or "https".
	Proto string
	// Port is the port that the client asked.
	Port uint16
	// RequestID is the request's name, at most 128 bytes of visible ASCII.
	RequestID string
}

// Client says who is behind a peer. Only a trusted peer's headers are read:
// X-Forwarded-For from right to left until an address that is not trusted, and
// X-Forwarded-Host, -Proto, -Port and X-Request-Id as it has set them. A
// malformed entry of X-Forwarded-For ends the walk at the last good one, as
// does the sixty-fourth. Entries may have a port and brackets. RFC 7239
// Forwarded is not read.
//
// For a peer that is not trusted nothing is allocated.
func (t *Trust) Client(peer netip.Addr, h http.Header) Forwarded {
	peer = peer.Unmap().WithZone("")
	if !t.Trusts(peer) {
		return Forwarded{Client: peer}
	}
	f := Forwarded{Client: peer, Trusted: true}
	f.Chain = t.walk(h["X-Forwarded-For"])
	if len(f.Chain) > 0 {
		f.Client = f.Chain[0]
	}
	if host := only(h["X-Forwarded-Host"]); saneHost(host) {
		f.Host = host
	}
	switch proto := only(h["X-Forwarded-Proto"]); {
	case strings.EqualFold(proto, "http"):
		f.Proto = "http"
	case strings.EqualFold(proto, "https"):
		f.Proto = "https"
	}
	if port, err := strconv.ParseUint(only(h["X-Forwarded-Port"]), 10, 16); err == nil {
		f.Port = uint16(port)
	}
	if id := only(h["X-Request-Id"]); saneRequestID(id) {
		f.RequestID = id
	}
	return f
}

// walk returns the entries of X-Forwarded-For from the first untrusted one,
// seen from the right, on.
func (t *Trust) walk(lines []string) []netip.Addr {
	var room [maxChain]netip.Addr
	at := maxChain
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for more := true; more; {
			comma := strings.LastIndexByte(rest, ',')
			entry := textproto.TrimString(rest[comma+1:])
			if more = comma >= 0; more {
				rest = rest[:comma]
			}
			if entry == "" {
				continue // RFC 9110, section 5.6.1.2: empty elements are ignored
			}
			a, ok := parseEntry(entry)
			if !ok {
				return clone(room[at:])
			}
			at--
			room[at] = a
			if at == 0 || !t.Trusts(a) {
				return clone(room[at:])
			}
		}
	}
	return clone(room[at:])
}

func clone(chain []netip.Addr) []netip.Addr { return append([]netip.Addr(nil), chain...) }

// parseEntry reads an address, with or without a port, or brackets if it is
// IPv6.
func parseEntry(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil && strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		if a, err = netip.ParseAddr(s[1 : len(s)-1]); err == nil && !a.Is6() {
			return a, false
		}
	}
	if err != nil {
		var ap netip.AddrPort
		ap, err = netip.ParseAddrPort(s)
		a = ap.Addr()
	}
	return a.Unmap().WithZone(""), err == nil
}

// only returns the value of a header that has one line, and "" if it has
// none or more.
func only(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return textproto.TrimString(lines[0])
}

// saneHost wants what can be a host[:port]. Whether there is such a host, and
// a route for it, is not the question here.
func saneHost(s string) bool {
	if s == "" || len(s) > len("[]:65535")+253 {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}
