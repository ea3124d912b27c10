package headers

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

// A backend that trusts this door finds the client that the door has found, and
// what a client says reaches it as a value of its own, or not at all.
func FuzzForwarded(f *testing.F) {
	for _, s := range [][3]string{
		{"192.0.2.1, 10.0.0.2", "www.example.org:8443", "https"}, {"[2001:db8::1]:80,10.1.1.1", "[::1]:9", "http"}, {"unknown", `a",for=evil`, "ftp"},
		{"192.0.2.9\r\nX-Evil: 1", "a\nb", "HTTPS"}, {"::ffff:192.0.2.1", "", ""}, {"10.0.0.7", "h:99999", "https"},
	} {
		f.Add(s[0], s[1], s[2], "8443", "id-1", "door.example:443")
	}
	f.Add("192.0.2.1", "h", "http", "0", "no id", "door.example")
	f.Add("192.0.2.1", "h:0000", "http", "70000", "id-1", "door.example")
	trust, peer := trustIn("10.0.0.0/8"), netip.MustParseAddr("10.0.0.1")
	f.Fuzz(func(t *testing.T, chain, host, proto, port, id, asked string) {
		if !saneHost(asked) {
			return // it would have been refused
		}
		from := trust.Client(peer, http.Header{
			"X-Forwarded-For": {chain}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Port": {port}, "X-Request-Id": {id},
		})
		h := http.Header{"Forwarded": {"for=evil"}, "X-Real-Ip": {"6.6.6.6"}, "X-Request-Id": {"evil"}}
		SetForwarded(h, ForwardedValues{From: from, Peer: peer, Host: asked, Proto: "https", Port: 443, RequestID: from.RequestID, RFC7239: true})
		for name, values := range h {
			if len(values) != 1 || !httpguts.ValidHeaderFieldValue(values[0]) || strings.Contains(values[0], "evil") && !strings.Contains(host+asked+id, "evil") {
				t.Fatalf("%s: %q", name, values)
			}
		}
		if n, err := strconv.Atoi(h.Get("X-Forwarded-Port")); err != nil || n < 1 || n > 65535 {
			t.Fatalf("port %q", h.Get("X-Forwarded-Port"))
		}
		again := trust.Client(peer, h)
		if again.Client != from.Client || h.Get("X-Real-Ip") != from.Client.String() || again.RequestID != from.RequestID {
			t.Fatalf("%+v became %+v, by %v", from, again, h)
		}
		if len(from.Chain) < maxChain && len(again.Chain) != len(from.Chain)+1 {
			t.Fatalf("a chain %v became %v, by %v", from.Chain, again.Chain, h)
		}
		if from.Host != "" && again.Host != from.Host || from.Proto != "" && again.Proto != from.Proto || from.Port != 0 && again.Port != from.Port {
			t.Fatalf("%+v became %+v, by %v", from, again, h)
		}
		if n := quotedElements(t, h.Get("Forwarded")); n != len(from.Chain)+1 {
			t.Fatalf("%d elements for a chain of %d: %q", n, len(from.Chain), h.Get("Forwarded"))
		}
	})
}

// quotedElements counts the elements of a list that may have quoted strings, and
// wants each to begin with the address that it is about.
func quotedElements(t *testing.T, list string) (n int) {
	t.Helper()
	quoted, escaped, from := false, false, 0
	for i := 0; i <= len(list); i++ {
		if i == len(list) || list[i] == ',' && !quoted {
			element := strings.TrimSpace(list[from:i])
			if n++; !strings.HasPrefix(element, "for=") || strings.Count(element, "for=") > 1 && !strings.Contains(element, `"`) {
				t.Fatalf("element %q of %q", element, list)
			}
			from = i + 1
			continue
		}
		switch {
		case escaped:
			escaped = false
		case quoted && list[i] == '\\':
			escaped = true
		case list[i] == '"':
			quoted = !quoted
		}
	}
	if quoted {
		t.Fatalf("%q does not end", list)
	}
	return n
}
