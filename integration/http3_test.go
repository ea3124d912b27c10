package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// over3 is a client that speaks HTTP/3 alone.
func over3(t *testing.T, p *proxytest.Sterling) *http3.Transport {
	t.Helper()
	tr := &http3.Transport{TLSClientConfig: &tls.Config{ServerName: "localhost", RootCAs: p.CA.Pool(), MinVersion: tls.VersionTLS13}}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

func TestHTTP3IsOfferedAndServed(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", `h3=":1"`) // of the backend's own port
		_, _ = fmt.Fprintf(w, "%s %s %s %d", r.Method, r.Header.Get("X-Forwarded-For"), r.Header.Get("Early-Data"), r.ContentLength)
	})
	p := proxytest.Start(t, proxytest.Options{Config: http3Door(t, "") + proxytest.Pool("app", app.Addr)})
	addr := p.Addr("quick")
	_, port, _ := strings.Cut(addr, ":")
	want := `h3=":` + port + `"; ma=86400`
	res, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.CA.Pool(), MinVersion: tls.VersionTLS12}}}).Get("https://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if got := res.Header["Alt-Svc"]; len(got) != 1 || got[0] != want {
		t.Errorf("Alt-Svc: %q, want %q", got, want)
	}
	client := &http.Client{Transport: over3(t, p), Timeout: 10 * time.Second}
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+addr+"/x", strings.NewReader(strings.Repeat("x", 100_000)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", "6.6.6.6")
		req.Header.Set("Early-Data", "1")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != "POST 127.0.0.1  100000" || res.ProtoMajor != 3 {
			t.Errorf("%s: %q", res.Proto, body)
		}
	}
	proxytest.Eventually(t, "the log to have both", func() bool {
		n := 0
		for _, l := range p.Lines() {
			if l.Proto == "HTTP/3.0" && l.Path == "/x" && l.Client == "127.0.0.1" && l.BytesIn == 100_000 && l.Listener == "quick" {
				n++
			}
		}
		return n == 2
	})
}

// http3Door is a listener "quick" for HTTP/3.
func http3Door(t *testing.T, more string) string {
	return fmt.Sprintf("[[listener]]\nname = \"quick\"\naddress = %q\nprotocol = \"https\"\nengine = %q\nhttp3 = true\n%s\n",
		proxytest.FreeAddr(t), proxytest.Engine(), more)
}

func TestAnUpgradeLosesNoRequestOverHTTP3(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	app := proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
		_, _ = io.WriteString(w, "whole")
	})
	p := proxytest.Start(t, proxytest.Options{Config: http3Door(t, "") + proxytest.Pool("app", app.Addr)})
	slow := make(chan string, 1)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.Addr("quick")+"/slow", nil)
		res, err := over3(t, p).RoundTrip(req)
		if err != nil {
			slow <- err.Error()
			return
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		slow <- fmt.Sprint(string(body), err)
	}()
	proxytest.Eventually(t, "the request to be there", func() bool { return app.Total() == 1 })
	addr := p.Addr("quick")
	p.Upgrade()
	time.Sleep(300 * time.Millisecond)
	close(release)
	if got := <-slow; got != "whole<nil>" {
		t.Errorf("what the old process had: %s", got)
	}
	// Then the new one has the socket.
	proxytest.Eventually(t, "the new process to speak HTTP/3", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+addr+"/", nil)
		res, err := over3(t, p).RoundTrip(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == 200
	})
}

// A client cannot see that a process was killed: its successor says so, and the
// client comes back at once, not when it has waited for half a minute.
func TestClientsOfAKilledProcessHearOfItOverHTTP3(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
	config := http3Door(t, "") + proxytest.Pool("app", app.Addr)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conf := over3(t, p).TLSClientConfig
	conf.NextProtos = []string{http3.NextProtoH3}
	conn, err := quic.DialAddr(ctx, p.Addr("quick"), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := new(http3.Transport).NewClientConn(conn)
	ask := func() error {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://localhost/", nil)
		res, err := client.RoundTrip(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGKILL)
	p.Exit(10 * time.Second)
	proxytest.Start(t, proxytest.Options{Dir: p.Dir, CA: p.CA, Config: config})
	var reset *quic.StatelessResetError
	if err := ask(); !errors.As(err, &reset) {
		t.Errorf("the client heard %v, want a stateless reset", err)
	}
}

// A header block that unfolds to far more than it takes on the wire.
func TestHeadersOverHTTP3AreBounded(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", nil)
	p := proxytest.Start(t, proxytest.Options{Config: http3Door(t, "") + proxytest.Pool("app", app.Addr)})
	tr := over3(t, p)
	ask := func(h http.Header) int {
		t.Helper()
		req := request(t, http.MethodGet, "https://"+p.Addr("quick")+"/", "")
		req.Header = h
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for name, h := range map[string]http.Header{
		"large": {"X-Large": {strings.Repeat("x", 40_000)}},
		"many":  {"X-Many": strings.Split(strings.Repeat("a,", 300), ",")},
	} {
		if status := ask(h); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := ask(http.Header{"X-Small": {"x"}}); status != http.StatusOK || app.Total() != 1 {
		t.Errorf("behind them: %d, and %d requests have come through", status, app.Total())
	}
}
