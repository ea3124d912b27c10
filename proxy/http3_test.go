package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// overHTTP3 is the mode of that name.
var overHTTP3 = modes[slices.IndexFunc(modes, func(m mode) bool { return m.proto == 3 })]

func send(t *testing.T, c *http.Client, method, url string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res, bodyOf(t, res)
}

func TestHTTP3IsAnnounced(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Alt-Svc", `h3=":1"`)
	}))
	t.Cleanup(s.Close)
	toml := appPool(s.URL)
	r := start(t, toml)
	_, port, _ := strings.Cut(r.Addr("front").String(), ":")
	own := `h3=":` + port + `"; ma=86400`
	announced := func(want string) {
		t.Helper()
		inAllModes(t, func(t *testing.T, m mode) {
			for _, path := range []string{"/", "/%2f"} { // an answer of the backend, and one of the door
				res, _ := get(t, m.client(t), r.url(m)+path)
				told := want
				if m.proto == 3 || !m.tls || m.engine != "" {
					told = "" // nothing to tell
				}
				if got := strings.Join(res.Header["Alt-Svc"], "|"); got != told {
					t.Errorf("%s: Alt-Svc is %q, want %q", path, got, told)
				}
			}
		})
	}
	announced(own)
	ruled := strings.Replace(toml, "pool = \"app\"\n", "pool = \"app\"\n[route.response.set]\nAlt-Svc = \"clear\"\n", 1)
	if _, err := r.Reload(r.parse(preamble + ruled)); err != nil {
		t.Fatal(err)
	}
	if res, _ := get(t, modes[2].client(t), r.url(modes[2])); res.Header.Get("Alt-Svc") != "clear" {
		t.Errorf("the route's rule: Alt-Svc is %q", res.Header["Alt-Svc"])
	}
}

// What a backend sees of a request over HTTP/3 is what it sees over HTTP/2.
func TestBodiesOverHTTP3(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d %v %d %v %v", r.Method, r.ContentLength, r.TransferEncoding, len(b), err, r.Trailer)
	}))
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	large := strings.Repeat("x", 3<<20)
	unknown := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	for _, m := range []mode{modes[2], overHTTP3} {
		for _, tt := range []struct {
			method string
			body   io.Reader
			want   string
		}{
			{"GET", nil, "GET 0 [] 0 <nil> map[]"},
			{"HEAD", nil, ""},
			{"DELETE", nil, "DELETE 0 [] 0 <nil> map[]"},
			{"POST", strings.NewReader("four"), "POST 4 [] 4 <nil> map[]"},
			{"POST", strings.NewReader(large), "POST 3145728 [] 3145728 <nil> map[]"},
			{"POST", unknown("four"), "POST -1 [chunked] 4 <nil> map[]"},
			{"GET", unknown("four"), "GET -1 [chunked] 4 <nil> map[]"},
			{"PUT", unknown(large), "PUT -1 [chunked] 3145728 <nil> map[]"},
		} {
			if _, got := send(t, m.client(t), tt.method, r.url(m), tt.body); got != tt.want {
				t.Errorf("%s: the backend saw %q, want %q", m.name, got, tt.want)
			}
		}
	}
}

// Nothing but the end of the stream says that there is no body. It may come in a
// packet of its own, which is not waited for.
func TestAnEndBesideTheHeadIsABodyOfNothingOverHTTP3(t *testing.T) {
	seen := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- fmt.Sprintf("%s %d %v", r.Method, r.ContentLength, r.TransferEncoding)
	}))
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	c := r.dialHTTP3(nil)
	r.eventually("a POST of nothing to be sent on as such", func() bool {
		if a := proxytest.AskH3(t, c, head("POST")); a.Status != "200" {
			t.Fatal(a)
		}
		return <-seen == "POST 0 []"
	})
}

func TestTrailersOfARequestOverHTTP3(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, r.Trailer)
	}))
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	for _, m := range []mode{modes[2], overHTTP3} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url(m), io.MultiReader(strings.NewReader("body")))
		req.Trailer = http.Header{"X-Sum": {"7"}, "X-Real-Ip": {"6.6.6.6"}}
		res, err := m.client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := bodyOf(t, res); got != "map[X-Sum:[7]]" {
			t.Errorf("%s: the backend got %s", m.name, got)
		}
	}
}

func TestHeadOverHTTP3NamesNoLengthOfItsOwn(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", "5")
			return
		}
		w.(http.Flusher).Flush() // of unknown length
	}))
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	for path, want := range map[string]int64{"/known": 5, "/unknown": -1} {
		if res, _ := send(t, overHTTP3.client(t), "HEAD", r.url(overHTTP3)+path, nil); res.ContentLength != want {
			t.Errorf("%s: length %d, want %d", path, res.ContentLength, want)
		}
	}
}

func TestHintsTrailersAndStreamsOverHTTP3(t *testing.T) {
	more := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		<-more
		_, _ = io.WriteString(w, "second")
		w.Header().Set("X-Sum", "7")
	}))
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	var hints []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = append(hints, fmt.Sprint(code, h.Get("Link")))
			return nil
		},
	})
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url(overHTTP3), nil)
	res, err := overHTTP3.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 6)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first " {
		t.Fatalf("%q, %v", first, err)
	}
	close(more)
	if rest := bodyOf(t, res); rest != "second" || res.Trailer.Get("X-Sum") != "7" {
		t.Errorf("then %q, trailers %v", rest, res.Trailer)
	}
	if !slices.Equal(hints, []string{"103</a>; rel=preload"}) {
		t.Errorf("hints %q", hints)
	}
}

func TestAnAnswerThatIsCutIsNotWholeOverHTTP3(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 10000))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	res, err := overHTTP3.client(t).Get(r.url(overHTTP3))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	var reset *http3.Error
	if !errors.As(err, &reset) || reset.ErrorCode != http3.ErrCodeInternalError {
		t.Errorf("the client sees %v", err)
	}
	if end := r.lines()[0]["end"]; end != "backend_cut" {
		t.Errorf("logged as %v", end)
	}
}

func TestAClientThatLeavesOverHTTP3IsLogged(t *testing.T) {
	one := stage(t, "one")
	r := start(t, appPool(one.url))
	ctx, cancel := context.WithCancel(t.Context())
	answer := ask(ctx, t, overHTTP3.client(t), r.url(overHTTP3))
	<-one.begun
	cancel()
	<-answer
	r.eventually("the end of the request", func() bool { return r.active.Load() == 0 })
	if line := r.lines()[0]; line["end"] != "client_closed" || line["status"] != 499.0 {
		t.Errorf("logged %v", line)
	}
}

func TestABodyThatStallsOverHTTP3(t *testing.T) {
	r := startWith(t, strings.Replace(preamble, "http3    = true", "http3 = true\nbody_idle = \"300ms\"", 1)+demanding(0, named(t, "one").URL))
	body, write := io.Pipe()
	defer write.Close()
	go func() { _, _ = io.WriteString(write, "begun") }()
	res, _ := send(t, overHTTP3.client(t), "POST", r.url(overHTTP3), body)
	if res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %d", res.StatusCode)
	}
	if end := r.lines()[0]["end"]; end != "client_stalled" {
		t.Errorf("logged as %v", end)
	}
}

// dialHTTP3 opens a QUIC connection to the door by hand.
func (r *running) dialHTTP3(conf *tls.Config) *quic.Conn {
	r.t.Helper()
	c, err := quicDial(r.t, r, conf)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func quicDial(t testing.TB, r *running, conf *tls.Config) (*quic.Conn, error) {
	t.Helper()
	if conf == nil {
		conf = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the certificate is not what is tested
	}
	conf.NextProtos = []string{http3.NextProtoH3}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := quic.DialAddr(ctx, r.Addr("front").String(), conf, nil)
	if err == nil {
		t.Cleanup(func() { _ = c.CloseWithError(0, "") })
	}
	return c, err
}

// The engine reads the head of an answer when the exchange is over: that must
// not be another request's by then.
func TestHeadsOverHTTP3AreNotMixedUp(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Backend", r.URL.Path)
		_, _ = io.WriteString(w, r.URL.Path)
	}))
	t.Cleanup(s.Close)
	r := start(t, strings.Replace(appPool(s.URL), "pool = \"app\"\n", "pool = \"app\"\n[route.response.set]\nX-Door = \"${path}\"\n", 1))
	c := http3Transport(t)
	var g sync.WaitGroup
	for i := range 8 {
		g.Go(func() {
			for j := range 50 {
				path := fmt.Sprintf("/%d/%d", i, j)
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url(overHTTP3)+path, nil)
				res, err := c.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if h := res.Header; h.Get("X-Door") != path || h.Get("X-Backend") != path || string(body) != path {
					t.Errorf("%s: %v, body %q", path, h, body)
				}
			}
		})
	}
	g.Wait()
}
