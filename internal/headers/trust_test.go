package headers

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func trustIn(prefixes ...string) *Trust {
	var p []netip.Prefix
	for _, s := range prefixes {
		p = append(p, netip.MustParsePrefix(s))
	}
	return NewTrust(p)
}

func TestForwardedForIsWalkedFromTheRight(t *testing.T) {
	trust := trustIn("10.0.0.0/8", "2001:db8:1::/48")
	for name, c := range map[string]struct {
		peer  string
		lines []string
		want  string // the chain, or the client alone when there is none
	}{
		"a stranger says nothing that counts": {"192.0.2.9", []string{"1.2.3.4"}, "192.0.2.9"},
		"nothing said":                        {"10.0.0.1", nil, "10.0.0.1"},
		"one proxy":                           {"10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
		"claims left of the client":           {"10.0.0.1", []string{"6.6.6.6, 7.7.7.7, 192.0.2.1"}, "192.0.2.1"},
		"two proxies":                         {"10.0.0.1", []string{"6.6.6.6, 192.0.2.1, 10.0.0.2"}, "192.0.2.1 10.0.0.2"},
		"several lines":                       {"10.0.0.1", []string{"6.6.6.6", "192.0.2.1", "10.0.0.3, 10.0.0.2"}, "192.0.2.1 10.0.0.3 10.0.0.2"},
		"all trusted":                         {"10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3 10.0.0.2"},
		"malformed at the end":                {"10.0.0.1", []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		"malformed behind a good one":         {"10.0.0.1", []string{"192.0.2.1, _hidden, 10.0.0.2"}, "10.0.0.2"},
		"empty elements":                      {"10.0.0.1", []string{"192.0.2.1,, ", ",10.0.0.2,"}, "192.0.2.1 10.0.0.2"},
		"ports and brackets":                  {"10.0.0.1", []string{"[2001:db8::1]:80, [2001:db8:1::2], 10.0.0.2:5555"}, "2001:db8::1 2001:db8:1::2 10.0.0.2"},
		"IPv4 in brackets":                    {"10.0.0.1", []string{"[192.0.2.1]"}, "10.0.0.1"},
		"bad port":                            {"10.0.0.1", []string{"192.0.2.1:99999"}, "10.0.0.1"},
		"mapped":                              {"::ffff:10.0.0.1", []string{"::ffff:192.0.2.1, ::ffff:10.0.0.2"}, "192.0.2.1 10.0.0.2"},
		"mapped stranger":                     {"::ffff:192.0.2.9", []string{"1.2.3.4"}, "192.0.2.9"},
		"zone":                                {"2001:db8:1::1%eth0", []string{"fe80::1%eth1"}, "fe80::1"},
		"control bytes":                       {"10.0.0.1", []string{"192.0.2.1\x00"}, "10.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := trust.Client(netip.MustParseAddr(c.peer), http.Header{"X-Forwarded-For": c.lines})
			text := strings.Trim(fmt.Sprint(got.Chain), "[]")
			if len(got.Chain) == 0 {
				text = got.Client.String()
			} else if got.Client != got.Chain[0] {
				t.Errorf("client %v, chain %v", got.Client, got.Chain)
			}
			if text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

func TestAtMost64EntriesAreWalked(t *testing.T) {
	line := "192.0.2.1" + strings.Repeat(", 10.0.0.7", 63)
	got := trustIn("10.0.0.0/8").Client(netip.MustParseAddr("10.0.0.1"), http.Header{"X-Forwarded-For": {line}})
	if len(got.Chain) != 64 || got.Client.String() != "192.0.2.1" {
		t.Errorf("%d entries, client %v", len(got.Chain), got.Client)
	}
	got = trustIn("10.0.0.0/8").Client(netip.MustParseAddr("10.0.0.1"), http.Header{"X-Forwarded-For": {line + ", 10.0.0.7"}})
	if len(got.Chain) != 64 || got.Client.String() != "10.0.0.7" {
		t.Errorf("%d entries, client %v", len(got.Chain), got.Client)
	}
}

func TestTrustedPeerSpeaksForTheClient(t *testing.T) {
	trust, peer := trustIn("10.0.0.0/8"), netip.MustParseAddr("10.0.0.1")
	good := http.Header{
		"X-Forwarded-Host": {"www.example.org:8443"}, "X-Forwarded-Proto": {"HTTPS"},
		"X-Forwarded-Port": {"8443"}, "X-Request-Id": {"abc"},
	}
	got := trust.Client(peer, good)
	if !got.Trusted || got.Host != "www.example.org:8443" || got.Proto != "https" || got.Port != 8443 || got.RequestID != "abc" {
		t.Errorf("%+v", got)
	}
	got = trust.Client(netip.MustParseAddr("192.0.2.1"), good)
	if got.Trusted || got.Host+got.Proto+got.RequestID != "" || got.Port != 0 {
		t.Errorf("a stranger is believed: %+v", got)
	}
	for _, bad := range []http.Header{
		{"X-Forwarded-Host": {"a b"}}, {"X-Forwarded-Host": {"a/b"}}, {"X-Forwarded-Host": {"a@b"}}, {"X-Forwarded-Host": {"a,b"}},
		{"X-Forwarded-Host": {"a", "b"}}, {"X-Forwarded-Host": {strings.Repeat("a", 300)}}, {"X-Forwarded-Host": {"a\r\nb"}},
		{"X-Forwarded-Proto": {"ftp"}}, {"X-Forwarded-Proto": {"https,http"}}, {"X-Forwarded-Proto": {"https", "http"}},
		{"X-Forwarded-Port": {"0"}}, {"X-Forwarded-Port": {"65536"}}, {"X-Forwarded-Port": {"-1"}}, {"X-Forwarded-Port": {"x"}},
		{"X-Request-Id": {"a b"}}, {"X-Request-Id": {strings.Repeat("a", 129)}}, {"X-Request-Id": {"a", "b"}},
	} {
		got := trust.Client(peer, bad)
		if got.Host+got.Proto+got.RequestID != "" || got.Port != 0 {
			t.Errorf("%v is taken: %+v", bad, got)
		}
	}
}

func TestTrust(t *testing.T) {
	for _, c := range []struct {
		trust *Trust
		addr  string
		want  bool
	}{
		{nil, "10.0.0.1", false},
		{NewTrust(nil), "10.0.0.1", false},
		{NewTrust([]netip.Prefix{{}}), "10.0.0.1", false},
		{trustIn("10.0.0.5/8"), "10.1.2.3", true},
		{trustIn("10.0.0.0/8"), "11.0.0.1", false},
		{trustIn("::ffff:10.0.0.0/104"), "10.1.2.3", true},
		{trustIn("::ffff:10.0.0.0/104"), "11.1.2.3", false},
		{trustIn("fe80::/10"), "fe80::1%eth0", true},
		{trustIn("::/0"), "10.0.0.1", false},
	} {
		if got := c.trust.Trusts(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%v trusts %s: %v", c.trust, c.addr, got)
		}
	}
	if trustIn("0.0.0.0/0", "::/0").Trusts(netip.Addr{}) {
		t.Error("no address at all is trusted")
	}
}

func FuzzClient(f *testing.F) {
	for _, s := range []string{"1.2.3.4, 10.0.0.2", "[::1]:80,unknown", "::ffff:1.2.3.4", ",,,", "10.0.0.9:1, 10.0.0.8"} {
		f.Add(s, "10.0.0.3")
	}
	trust, peer := trustIn("10.0.0.0/8"), netip.MustParseAddr("10.0.0.1")
	f.Fuzz(func(t *testing.T, first, second string) {
		got := trust.Client(peer, http.Header{"X-Forwarded-For": {first, second}})
		if len(got.Chain) > maxChain {
			t.Fatalf("%d entries", len(got.Chain))
		}
		if !got.Client.IsValid() || got.Client.Is4In6() || len(got.Chain) > 0 && got.Client != got.Chain[0] {
			t.Fatalf("%+v", got)
		}
		if len(got.Chain) > 1 && slices.ContainsFunc(got.Chain[1:], func(a netip.Addr) bool { return !trust.Trusts(a) }) {
			t.Fatalf("a stranger vouches for the client: %v", got.Chain)
		}
	})
}

func BenchmarkTrustClient(b *testing.B) {
	trust := trustIn("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
	h := http.Header{"X-Forwarded-For": {"192.0.2.1, 10.0.0.2"}, "X-Forwarded-Proto": {"https"}}
	b.Run("nobody trusted", func(b *testing.B) {
		nobody, a := NewTrust(nil), netip.MustParseAddr("192.0.2.9")
		b.ReportAllocs()
		for b.Loop() {
			nobody.Client(a, h)
		}
	})
	for _, peer := range []string{"192.0.2.9", "10.0.0.1"} {
		b.Run(peer, func(b *testing.B) {
			a := netip.MustParseAddr(peer)
			b.ReportAllocs()
			for b.Loop() {
				trust.Client(a, h)
			}
		})
	}
}
