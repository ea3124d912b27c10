package headers

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"testing"
)

func addrs(ss ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range ss {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func TestSetForwarded(t *testing.T) {
	stranger := func(s string) ForwardedValues {
		a := netip.MustParseAddr(s)
		return ForwardedValues{
			From: Forwarded{Client: a.Unmap()}, Peer: a,
			Host: "www.example.org:8443", Proto: "https", Port: 8443, RequestID: "id", RFC7239: true,
		}
	}
	behind := stranger("10.0.0.1")
	behind.From = Forwarded{
		Client: addrs("2001:db8::1")[0], Trusted: true, Chain: addrs("2001:db8::1", "10.0.0.2"),
		Host: "front.example.org", Proto: "https", RequestID: "ignored",
	}
	behind.Proto, behind.Port = "http", 8080
	told := behind
	told.From.Port = 444
	protoOnly := behind
	protoOnly.From.Host = ""
	quiet := stranger("192.0.2.1")
	quiet.RFC7239, quiet.Port, quiet.RequestID, quiet.Host = false, 0, "", ""

	for name, c := range map[string]struct {
		values                                              ForwardedValues
		xff, realIP, host, proto, port, requestID, standard string
	}{
		"a stranger":      {stranger("192.0.2.1"), "192.0.2.1", "192.0.2.1", "www.example.org:8443", "https", "8443", "id", `for=192.0.2.1;host="www.example.org:8443";proto=https`},
		"mapped":          {stranger("::ffff:192.0.2.1"), "192.0.2.1", "192.0.2.1", "www.example.org:8443", "https", "8443", "id", `for=192.0.2.1;host="www.example.org:8443";proto=https`},
		"IPv6":            {stranger("2001:db8::9"), "2001:db8::9", "2001:db8::9", "www.example.org:8443", "https", "8443", "id", `for="[2001:db8::9]";host="www.example.org:8443";proto=https`},
		"behind a proxy":  {behind, "2001:db8::1, 10.0.0.2, 10.0.0.1", "2001:db8::1", "front.example.org", "https", "443", "id", `for="[2001:db8::1]";host=front.example.org;proto=https, for=10.0.0.2, for=10.0.0.1`},
		"port told":       {told, "2001:db8::1, 10.0.0.2, 10.0.0.1", "2001:db8::1", "front.example.org", "https", "444", "id", `for="[2001:db8::1]";host=front.example.org;proto=https, for=10.0.0.2, for=10.0.0.1`},
		"host kept":       {protoOnly, "2001:db8::1, 10.0.0.2, 10.0.0.1", "2001:db8::1", "www.example.org:8443", "https", "8443", "id", `for="[2001:db8::1]";host="www.example.org:8443";proto=https, for=10.0.0.2, for=10.0.0.1`},
		"little is known": {quiet, "192.0.2.1", "192.0.2.1", "", "https", "", "", ""},
		"nothing is":      {ForwardedValues{RFC7239: true}, "", "", "", "", "", "", "for=unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			h := make(http.Header)
			for _, k := range []string{"X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Request-Id", "Forwarded"} {
				h[k] = []string{"6.6.6.6", "7.7.7.7"}
			}
			SetForwarded(h, c.values)
			for k, want := range map[string]string{
				"X-Forwarded-For": c.xff, "X-Real-Ip": c.realIP, "X-Forwarded-Host": c.host, "X-Forwarded-Proto": c.proto,
				"X-Forwarded-Port": c.port, "X-Request-Id": c.requestID, "Forwarded": c.standard,
			} {
				if got := h[k]; want == "" && got != nil || want != "" && (len(got) != 1 || got[0] != want) {
					t.Errorf("%s: %q, want %q", k, got, want)
				}
			}
		})
	}
}

func TestValuesOfHeadersDoNotShareRoom(t *testing.T) {
	h := make(http.Header)
	a := netip.MustParseAddr("192.0.2.1")
	SetForwarded(h, ForwardedValues{From: Forwarded{Client: a}, Peer: a, Host: "h", Proto: "https", Port: 1, RequestID: "id"})
	h.Add("X-Forwarded-For", "added")
	if got := h.Get("X-Real-Ip"); got != "192.0.2.1" {
		t.Errorf("X-Real-Ip became %q", got)
	}
}

func TestOddHostsAreQuoted(t *testing.T) {
	if got := string(appendQuoted(nil, `a"b\c`)); got != `"a\"b\\c"` {
		t.Errorf("got %s", got)
	}
}

// directly is what is told of a request from no proxy, with its texts at hand.
func directly() ForwardedValues {
	a := netip.MustParseAddr("192.0.2.1")
	return ForwardedValues{
		From: Forwarded{Client: a}, Peer: a, Host: "www.example.org:8443", Proto: "https", Port: 8443, RequestID: "id",
		ClientText: "192.0.2.1", PortText: "8443",
	}
}

func TestTextsAtHandChangeNothing(t *testing.T) {
	v := directly()
	with, without := make(http.Header), make(http.Header)
	SetForwarded(with, v)
	v.ClientText, v.PortText = "", ""
	SetForwarded(without, v)
	if !maps.EqualFunc(with, without, slices.Equal) {
		t.Errorf("with them    %v\nwithout them %v", with, without)
	}
	v.From.Port, v.PortText = 444, "8443"
	SetForwarded(with, v)
	if got := with.Get("X-Forwarded-Port"); got != "444" {
		t.Errorf("a trusted peer's port became %q", got)
	}
}

func TestSetForwardedInCostsNoAllocation(t *testing.T) {
	h, v, room := make(http.Header), directly(), new(Room)
	n := testing.AllocsPerRun(100, func() {
		SetForwardedIn(h, &v, room)
		room.Reset()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSetForwarded(b *testing.B) {
	v := directly()
	b.Run("anew", func(b *testing.B) {
		h, v := make(http.Header), v
		v.ClientText, v.PortText = "", ""
		b.ReportAllocs()
		for b.Loop() {
			SetForwarded(h, v)
		}
	})
	b.Run("in room", func(b *testing.B) {
		h, room := make(http.Header), new(Room)
		b.ReportAllocs()
		for b.Loop() {
			SetForwardedIn(h, &v, room)
			room.Reset()
		}
	})
}
