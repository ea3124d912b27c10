package integration

import (
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"

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
	ok, report := h2specReport(t, &config.Config{
		Host: host, Port: n, Path: "/", Timeout: 2 * time.Second, MaxHeaderLen: 4000, Strict: true, TLS: true, Insecure: true,
	})
	if !ok || !strings.Contains(report, " 0 failed") {
		t.Errorf("h2spec is not satisfied:\n%s", report)
	}
	if i := strings.LastIndex(report, "tests, "); i > 0 {
		t.Log(strings.TrimSpace(report[strings.LastIndex(report[:i], "\n")+1:]))
	}
}

// h2specReport runs the suite. It prints to standard output and to nowhere
// else, so that has to be somebody else's meanwhile.
func h2specReport(t *testing.T, c *config.Config) (ok bool, report string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(r) // up to the close below
		read <- string(all)
	}()
	stdout := os.Stdout
	os.Stdout = w
	ok, err = h2spec.Run(c)
	os.Stdout = stdout
	_ = w.Close()
	report = <-read
	if err != nil {
		t.Errorf("h2spec: %v", err)
	}
	return ok, report
}
