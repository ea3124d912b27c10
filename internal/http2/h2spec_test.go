package http2

import (
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	h2spec "github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
)

func TestH2specInStrictMode(t *testing.T) {
	r := start(t, ServerOptions{
		MaxHead: 16 << 10, Header: 10 * time.Second, Idle: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "ok")
		}),
	})
	host, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for id, result := range runH2spec(t, &config.Config{
		Host: host, Port: n, Path: "/", Timeout: 10 * time.Second, MaxHeaderLen: 4000, Strict: true, TLS: true, Insecure: true,
	}) {
		if result.Failed {
			t.Errorf("%s, %s: %+v", id, result.TestCase.Desc, result.Error)
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
	for _, g := range []*spec.TestGroup{generic.Spec(), h2spec.Spec(), hpack.Spec()} {
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
