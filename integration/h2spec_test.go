package integration

import (
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"sterling/internal/proxytest"
)

func TestH2specInStrictMode(t *testing.T) {
	rec := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		if r.Method == "HEAD" {
			return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"}
		}
		return proxytest.Reply{Raw: proxytest.OK}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	host, port, err := net.SplitHostPort(p.Addr("front"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for id, r := range runH2spec(t, &config.Config{Host: host, Port: n, Path: "/", Timeout: 10 * time.Second, MaxHeaderLen: 4000, Strict: true, TLS: true, Insecure: true}) {
		if r.Failed {
			t.Errorf("%s, %s: %v", id, r.TestCase.Desc, r.Error)
		} else {
			passed++
		}
	}
	if passed < 140 {
		t.Errorf("only %d cases were run and passed", passed)
	}
}

// runH2spec runs all cases and returns their results by group and number. The
// suite prints to standard output and to nowhere else, so that has to be
// somebody else's meanwhile.
func runH2spec(t *testing.T, c *config.Config) map[string]*spec.TestResult {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	stdout := os.Stdout
	os.Stdout = null
	defer func() { os.Stdout = stdout }()
	results := map[string]*spec.TestResult{}
	for _, g := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		g.Test(c)
		collect(g, results)
	}
	return results
}

func collect(g *spec.TestGroup, into map[string]*spec.TestResult) {
	for i, tc := range append(g.Tests, g.StrictTests...) {
		if tc.Result != nil {
			into[g.ID()+"/"+strconv.Itoa(i+1)] = tc.Result
		}
	}
	for _, sub := range g.Groups {
		collect(sub, into)
	}
}
