package admin

import (
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// An address is said to be private only when it is a socket in the file system, or
// one of this machine.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"127.0.0.1:9180", "[::1]:1", "localhost:x", ":9180", "unix:/a", "unix:", "[::ffff:127.0.0.1]:1", "0.0.0.0:1", "127.0.0.1.evil:1", "[::1%lo]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseAddress(s)
		if err != nil || !a.private() || strings.HasPrefix(s, "unix:") {
			return
		}
		host, _, err := net.SplitHostPort(s)
		if err != nil {
			t.Fatalf("%q is taken for an address", s)
		}
		ip, err := netip.ParseAddr(host)
		if !strings.EqualFold(host, "localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
			t.Fatalf("%q is taken for private", s)
		}
	})
}

// Of an order's parameters nothing is taken that it does not have.
func FuzzParameters(f *testing.F) {
	for _, s := range [][2]string{{"mode=now&timeout=5s", ""}, {"weight=5", ""}, {"", `{"force":true,"quiet":"1m"}`}, {"force=maybe", `{`}, {"mode=a&mode=b", ""}, {"%zz", ""}, {"", `{"weight":1e99}`}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/json")
		p, err := parametersOf(httptest.NewRecorder(), r, []string{"mode", "timeout"})
		if err == nil && (p.force || p.weight != 0 || p.quiet != 0) {
			t.Fatalf("%q and %q: %+v", query, body, p)
		}
		if len(body) > maxOrder && err == nil {
			t.Fatalf("a body of %d bytes", len(body))
		}
	})
}
