package admin

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
)

// A page whose name was made to lead here is never let in: it names itself in Host.
func FuzzHost(f *testing.F) {
	for _, s := range [][2]string{
		{"127.0.0.1:9180", "localhost:9180"}, {"127.0.0.1:9180", "evil.example"}, {":9180", "10.0.0.2:9180"}, {"[::]:9180", "[2001:db8::1%eth0]:1"},
		{"door.internal:9180", "DOOR.internal"}, {":9180", ""}, {"127.0.0.1:9180", "[localhost]:1"}, {"0.0.0.0:1", "]["}, {"nonsense", "x"}, {"x:1", "x."},
		{"s", "::0%["}, {"[fe80::1%eth0]:1", "[fe80::1]"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, address, host string) {
		g := newGuard(Options{Address: address})
		if !g.knows(host) || g.at.network == "unix" {
			return
		}
		name := hostOf(host)
		ours := strings.EqualFold(name, "localhost") || strings.EqualFold(name, g.at.host)
		figures := strings.Trim(strings.ToLower(name), "0123456789abcdef:.") == "" && strings.ContainsAny(name, ":.")
		if _, err := netip.ParseAddr(name); name == "" || !ours && (err != nil || !figures) {
			t.Fatalf("at %q, Host %q is known", address, host)
		}
		if bound, err := netip.ParseAddr(g.at.host); err == nil && !bound.IsUnspecified() && !ours {
			asked := netip.MustParseAddr(name).Unmap()
			if !asked.IsLoopback() && asked != bound.WithZone("").Unmap() {
				t.Fatalf("at %q, Host %q is known", address, host)
			}
		}
	})
}

// Whatever an answer that is a refusal says, there are words for it, few, and its
// status is that of the answer.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{`{"problem":"no such pool","hint":"pools: app"}`, `{"problem":""}`, `{"status":200,"problem":"x"}`, `not ready`, ``, `{`, `[]`, strings.Repeat("x", 4000), "\xff\n"} {
		f.Add([]byte(s), 422)
	}
	f.Add([]byte(" "), 404)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		if status < 400 || status > 599 {
			return
		}
		r := refusalOf(status, body)
		var said Refusal
		refused := json.Unmarshal(body, &said) == nil && said.Problem != ""
		probed := strings.TrimSpace(string(body)) == unreadyWord
		switch {
		case (r != nil) != (refused || probed):
			t.Fatalf("%d %q: %+v", status, body, r)
		case r != nil && r.Status != status:
			t.Fatalf("%d became %d", status, r.Status)
		case refused && (r.Problem != said.Problem || r.Hint != said.Hint):
			t.Fatalf("%q became %+v", body, r)
		}
	})
}
