package headers

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ForwardedValues is what a backend is told of a request.
type ForwardedValues struct {
	// From is what [Trust.Client] found. What a trusted peer said in it of
	// host, protocol and port goes before the fields below.
	From Forwarded
	// Peer is the address at the other end of the connection.
	Peer netip.Addr
	// Host is the Host header as the client sent it here. It must be valid.
	Host string
	// Proto is "http" or "https": how the client reached this door.
	Proto string
	// Port is the port that the client reached. 0: none is told.
	Port int
	// RequestID names the request. "": none is told.
	RequestID string
	// RFC7239 asks for a Forwarded header besides.
	RFC7239 bool

	// ClientText and PortText are From.Client and Port in writing, for a caller
	// that has them at hand. "": they are written anew.
	ClientText, PortText string
}

// SetForwarded sets X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto,
// X-Forwarded-Port, X-Real-IP and X-Request-Id, and, if asked to, Forwarded
// (RFC 7239). What was there under these names is replaced or removed.
//
// X-Forwarded-For is the chain from the client on, with the peer at its end,
// so its first entry is the client, and X-Real-IP is the same. In Forwarded
// the first element, that of the client, has the host and the protocol.
func SetForwarded(h http.Header, v ForwardedValues) {
	room := Room{all: make([]string, 7)}
	SetForwardedIn(h, &v, &room)
}

// SetForwardedIn is SetForwarded with the space for the values from room. For
// a peer that is not trusted, with both texts at hand and no Forwarded asked
// for, it allocates nothing. v is not changed.
func SetForwardedIn(h http.Header, v *ForwardedValues, room *Room) {
	told := v.resolve()
	client := v.ClientText
	if client == "" {
		client = text(v.From.Client)
	}
	put := func(name, value string) {
		if value == "" {
			delete(h, name)
			return
		}
		h[name] = room.one(value)
	}
	put("X-Forwarded-For", v.chain(client))
	put("X-Real-Ip", client)
	put("X-Forwarded-Host", told.host)
	put("X-Forwarded-Proto", told.proto)
	put("X-Forwarded-Port", told.port)
	put("X-Request-Id", v.RequestID)
	if v.RFC7239 {
		put("Forwarded", v.forwarded(told))
	} else {
		delete(h, "Forwarded")
	}
}

// told is what the client asked for, as the backend learns it.
type told struct{ host, proto, port string }

// resolve puts what a trusted peer said in the place of what is seen here.
func (v *ForwardedValues) resolve() told {
	f := &v.From
	t := told{host: v.Host, proto: v.Proto}
	if f.Host != "" {
		t.host = f.Host
	}
	if f.Proto != "" {
		t.proto = f.Proto
	}
	switch {
	case f.Port != 0:
		t.port = portText(int(f.Port))
	case f.Host != "" || f.Proto != "":
		// The port that was reached here is not the one the client asked.
		t.port = portText(impliedPort(t.host, t.proto))
	case v.PortText != "":
		t.port = v.PortText
	default:
		t.port = portText(v.Port)
	}
	return t
}

// impliedPort is the port that a host names, or else the protocol's own; 0 if
// neither is known.
func impliedPort(host, proto string) int {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		if n, err := strconv.ParseUint(host[i+1:], 10, 16); err == nil && n > 0 {
			return int(n)
		}
	}
	switch proto {
	case "http":
		return 80
	case "https":
		return 443
	}
	return 0
}

// portText is the text of a port, "" for none.
func portText(port int) string {
	switch {
	case port <= 0:
		return ""
	case port == 80:
		return "80"
	case port == 443:
		return "443"
	}
	return strconv.Itoa(port)
}

// text is the text of an address, "" for none.
func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().String()
}

// chain is X-Forwarded-For. client is the text of its first entry.
func (v *ForwardedValues) chain(client string) string {
	if len(v.From.Chain) == 0 {
		return client // which is the peer
	}
	buf := append(make([]byte, 0, 64), client...)
	for _, a := range v.From.Chain[1:] {
		buf = a.AppendTo(append(buf, ", "...))
	}
	return string(v.Peer.Unmap().WithZone("").AppendTo(append(buf, ", "...)))
}

// forwarded is Forwarded (RFC 7239, section 4).
func (v *ForwardedValues) forwarded(t told) string {
	buf := make([]byte, 0, 128)
	buf = appendFor(buf, v.From.Client)
	if t.host != "" {
		buf = appendQuoted(append(buf, ";host="...), t.host)
	}
	if t.proto != "" {
		buf = append(append(buf, ";proto="...), t.proto...)
	}
	if len(v.From.Chain) == 0 {
		return string(buf)
	}
	for _, a := range v.From.Chain[1:] {
		buf = appendFor(append(buf, ", "...), a)
	}
	return string(appendFor(append(buf, ", "...), v.Peer))
}

// appendFor appends the node of an address (RFC 7239, section 6).
func appendFor(buf []byte, a netip.Addr) []byte {
	buf = append(buf, "for="...)
	a = a.Unmap()
	switch {
	case !a.IsValid():
		return append(buf, "unknown"...)
	case a.Is6():
		return append(a.AppendTo(append(buf, `"[`...)), `]"`...)
	}
	return a.AppendTo(buf)
}

// appendQuoted appends a token as it is, and anything else as a quoted string
// (RFC 9110, section 5.6.4).
func appendQuoted(buf []byte, s string) []byte {
	if httpguts.ValidHeaderFieldName(s) {
		return append(buf, s...)
	}
	buf = append(buf, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			buf = append(buf, '\\')
		}
		buf = append(buf, s[i])
	}
	return append(buf, '"')
}
