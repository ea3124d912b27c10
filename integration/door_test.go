package integration

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// mode is one way in which a client may speak to the door.
type mode struct {
	name     string
	listener string
	h2       bool
	h3       bool
}

var modes = []mode{
	{"http1", "plain", false, false},
	{"http1 over tls", "front", false, false},
	{"http2", "front", true, false},
	{"http3", "front", false, true},
}

// client speaks to a door in this way.
func (m mode) client(p *proxytest.Sterling) *http.Client {
	if m.h3 {
		return p.Client3()
	}
	return p.Client(m.h2)
}

// framed reports whether requests have their own streams and no headers that
// speak of the connection.
func (m mode) framed() bool { return m.h2 || m.h3 }

// eachMode runs a scenario once for every way of speaking to the door, side by
// side, and returns when all are done.
func eachMode(t *testing.T, scenario func(*testing.T, mode)) {
	t.Helper()
	t.Run("over", func(t *testing.T) {
		for _, m := range modes {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				scenario(t, m)
			})
		}
	})
}

// cookieName is how the affinity cookie of a pool is called in this mode.
func (m mode) cookieName(pool string) string {
	if m.listener == "front" {
		return "__Host-sterling-" + pool
	}
	return "sterling-" + pool
}

// answer is what a client got.
type answer struct {
	*http.Response
	body string
}

// request makes a request whose header lines are given as "Name: value".
func request(t testing.TB, method, url, body string, lines ...string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ":")
		if value = strings.TrimSpace(value); name == "Host" {
			req.Host = value
		} else {
			req.Header.Add(name, value)
		}
	}
	return req
}

// try sends a request and reads the whole answer.
func try(c *http.Client, req *http.Request) (answer, error) {
	res, err := c.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }() // it is read below
	body, err := io.ReadAll(res.Body)
	return answer{res, string(body)}, err
}

// do is try for requests that must be answered.
func do(t testing.TB, c *http.Client, req *http.Request) answer {
	t.Helper()
	a, err := try(c, req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return a
}

// setCookies returns the Set-Cookie lines of that cookie.
func setCookies(h http.Header, name string) []string {
	var out []string
	for _, l := range h.Values("Set-Cookie") {
		if strings.HasPrefix(l, name+"=") {
			out = append(out, l)
		}
	}
	return out
}

// pair is the "name=value" of a Set-Cookie line.
func pair(setCookie string) string {
	p, _, _ := strings.Cut(setCookie, ";")
	return p
}

// last is the newest request that a recorder has.
func last(t testing.TB, r *proxytest.Recorder) *proxytest.Recorded {
	t.Helper()
	all := r.Requests()
	if len(all) == 0 {
		t.Fatal("nothing reached the backend")
	}
	return all[len(all)-1]
}
