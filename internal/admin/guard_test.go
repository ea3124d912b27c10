package admin

import (
	"testing"

	"sterling/proxy"
)

func TestHostMustBeOneOfTheAddress(t *testing.T) {
	for _, tt := range []struct {
		address, host string
		want          bool
	}{
		{"127.0.0.1:9180", "127.0.0.1:9180", true},
		{"127.0.0.1:9180", "localhost:9180", true},
		{"127.0.0.1:9180", "LOCALHOST", true},
		{"127.0.0.1:9180", "[::1]:9180", true},
		{"127.0.0.1:9180", "localhost.evil.example:9180", false},
		{"127.0.0.1:9180", "10.0.0.1:9180", false},
		{"127.0.0.1:9180", "", false},
		{"10.0.0.1:9180", "10.0.0.1:9180", true},
		{"10.0.0.1:9180", "10.0.0.2:9180", false},
		{"door.internal:9180", "door.internal:9180", true},
		{"door.internal:9180", "10.0.0.2:9180", false},
		{":9180", "10.0.0.2:9180", true},
		{"0.0.0.0:9180", "10.0.0.2:9180", true},
		{"[::]:9180", "[2001:db8::1]:9180", true},
		{"[fe80::1%eth0]:9180", "[fe80::1]:9180", true},
		{"[fe80::1%eth0]:9180", "[fe80::1%eth0]:9180", true},
		{"[fe80::1%eth0]:9180", "[fe80::2]:9180", false},
		{"[2001:db8::1]:9180", "[2001:DB8:0::1]", true},
		{"10.0.0.1:9180", "[::ffff:10.0.0.1]:9180", true},
		{":9180", "[2001:db8::1%rebound.example]:9180", false},
		{":9180", "::0%[", false},
		{":9180", "[::1", false},
		{":9180", "rebound.example:9180", false},
		{":9180", "", false},
		{"unix:/run/x.sock", "anything", true},
	} {
		if got := newGuard(Options{Address: tt.address}).knows(tt.host); got != tt.want {
			t.Errorf("at %s, Host %q known: %v, want %v", tt.address, tt.host, got, tt.want)
		}
	}
}

func TestTokenIsAskedForExactly(t *testing.T) {
	o := Options{Address: ":9180", Token: "open sesame", Door: door{true}}
	for _, tt := range []struct {
		header string
		want   int
	}{
		{"", 401},
		{"Bearer", 401},
		{"Bearer ", 401},
		{"Bearer open", 401},
		{"Bearer open sesame!", 401},
		{"Basic open sesame", 401},
		{"Bearer open sesame", 200},
		{"bearer open sesame", 200},
	} {
		w, _ := ask(t, o, "GET", "/api/v1/status", "Authorization", tt.header)
		if w.Code != tt.want {
			t.Errorf("Authorization %q: %d, want %d", tt.header, w.Code, tt.want)
		}
		if w.Code == 401 && w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("Authorization %q: 401 without a challenge", tt.header)
		}
	}
}

func TestTokenStandsInForTheHost(t *testing.T) {
	o := Options{Address: "10.0.0.1:9180", Token: "sesame", Door: door{true}}
	if w, _ := ask(t, o, "GET", "/api/v1/status", "Host", "admin.example", "Authorization", "Bearer sesame"); w.Code != 200 {
		t.Errorf("another name with the token: %d, want 200", w.Code)
	}
	if w, _ := ask(t, o, "GET", "/readyz", "Host", "10.0.0.1"); w.Code != 200 {
		t.Errorf("a probe without the token: %d, want 200", w.Code)
	}
	if w, _ := ask(t, o, "GET", "/readyz", "Host", "admin.example"); w.Code != 421 {
		t.Errorf("a probe by another name without the token: %d, want 421", w.Code)
	}
}

func TestNoPageOfAnotherOriginMayReload(t *testing.T) {
	o := Options{Door: door{true}, Reload: reloads(proxy.Report{}, nil)}
	for _, tt := range []struct {
		set  []string
		want int
	}{
		{nil, 200},
		{[]string{"Origin", "http://127.0.0.1:9180"}, 200},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Origin", "http://127.0.0.1:8080"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
	} {
		if w, _ := ask(t, o, "POST", "/api/v1/reload", tt.set...); w.Code != tt.want {
			t.Errorf("POST with %v: %d, want %d", tt.set, w.Code, tt.want)
		}
	}
}
