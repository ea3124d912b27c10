package http2

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

type handler func(w http.ResponseWriter, r *http.Request)

// serve runs h.
func serve(t testing.TB, h handler) *run {
	t.Helper()
	return start(t, ServerOptions{Handler: http.HandlerFunc(h)})
}

func TestAnswers(t *testing.T) {
	noLeaks(t)
	none := http.Header{}
	for _, tc := range []struct {
		name    string
		handler handler
		method  string
		want    answer
		without []string // headers
	}{
		{name: "nothing written", handler: func(http.ResponseWriter, *http.Request) {},
			want: answer{status: "200", header: http.Header{"content-length": {"0"}}}},
		{name: "small", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
			want: answer{status: "200", header: http.Header{"content-length": {"6"}}, body: "<html>"}, without: []string{"content-type"}},
		{name: "flushed", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			_, _ = w.Write([]byte("b"))
		}, want: answer{status: "200", header: none, body: "ab"}, without: []string{"content-length"}},
		{name: "larger than the buffer", handler: func(w http.ResponseWriter, _ *http.Request) {
			for range 10 {
				_, _ = io.WriteString(w, strings.Repeat("a", 1000))
			}
		}, want: answer{status: "200", header: none, body: strings.Repeat("a", 10000)}, without: []string{"content-length"}},
		{name: "of known length", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9000")
			_, _ = w.Write([]byte(strings.Repeat("a", 9000)))
			_, _ = w.Write(nil)
		}, want: answer{status: "200", header: http.Header{"content-length": {"9000"}}, body: strings.Repeat("a", 9000)}},
		{name: "HEAD", method: "HEAD", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			if n, err := w.Write(make([]byte, 5000)); n != 5000 || err != nil {
				panic(err)
			}
		}, want: answer{status: "200", header: http.Header{"content-length": {"5000"}}}},
		{name: "HEAD of unknown length", method: "HEAD", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
			want: answer{status: "404", header: none}, without: []string{"content-length"}},
		{name: "204", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			if _, err := w.Write([]byte("a")); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		}, want: answer{status: "204", header: none}, without: []string{"content-length"}},
		{name: "304 with a length", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "7")
			w.WriteHeader(304)
		}, want: answer{status: "304", header: http.Header{"content-length": {"7"}}}},
		{name: "too short", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "7")
			_, _ = io.WriteString(w, "a")
		}, want: answer{cut: true, reset: http2.ErrCodeInternal}},
		{name: "too long", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1")
			_, _ = io.WriteString(w, "a")
			if _, err := io.WriteString(w, "b"); !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
		}, want: answer{status: "200", header: http.Header{"content-length": {"1"}}, body: "a"}},
		{name: "informational", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a>; rel=preload")
			w.WriteHeader(103)
			w.WriteHeader(101)
			w.WriteHeader(103)
			w.WriteHeader(201)
			w.WriteHeader(500)
			w.Header().Set("Link", "late")
		}, want: answer{status: "201", early: []string{"103", "103"}, header: http.Header{"link": {"</a>; rel=preload"}, "content-length": {"0"}}}},
		{name: "of the connection", handler: func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Connection", "Te"} {
				w.Header().Set(name, "a")
			}
			w.Header().Set("Bad Name", "a")
			w.Header().Set("X-Good", "a")
			w.Header().Set("X-Bad", "a\r\nb: c")
		}, want: answer{status: "200", header: http.Header{"x-good": {"a"}}},
			without: []string{"keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "te", "bad name", "x-bad"}},
		{name: "announced trailer", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-A, X-B, Content-Length")
			_, _ = io.WriteString(w, "a")
			w.Header().Set("X-A", "b")
			w.Header().Set("X-C", "d")
		}, want: answer{status: "200", header: http.Header{"trailer": {"X-A, X-B, Content-Length"}}, body: "a", trailer: http.Header{"x-a": {"b"}}}},
		{name: "late trailer", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			w.Header().Set(http.TrailerPrefix+"X-A", "b")
		}, want: answer{status: "200", header: none, body: "a", trailer: http.Header{"x-a": {"b"}}}},
		{name: "trailer without a body", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(http.TrailerPrefix+"X-A", "b")
			w.(http.Flusher).Flush()
		}, want: answer{status: "200", header: none, trailer: http.Header{"x-a": {"b"}}}},
		{name: "panic", handler: func(http.ResponseWriter, *http.Request) { panic("in the test") },
			want: answer{cut: true, reset: http2.ErrCodeInternal}},
		{name: "panic behind the beginning", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, want: answer{status: "200", header: none, body: "a", cut: true, reset: http2.ErrCodeInternal}},
		{name: "Date of its own", handler: func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = []string{"today"} },
			want: answer{status: "200", header: http.Header{"date": {"today"}}}},
		{name: "no Date", handler: func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil },
			want: answer{status: "200", header: none}, without: []string{"date"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := serve(t, tc.handler).dial()
			f := get
			if tc.method != "" {
				f = append(fields{":method", tc.method}, get[2:]...)
			}
			for stream := uint32(1); stream < 6; stream += 2 { // the state of one is used again for the next
				c.open(stream, true, f)
				checkAnswer(t, c.answer(stream), tc.want, tc.without)
			}
		})
	}
}

func checkAnswer(t *testing.T, got, want answer, without []string) {
	t.Helper()
	if got.gone != nil || got.status != want.status || got.body != want.body || got.cut != want.cut || got.reset != want.reset {
		t.Fatalf("got %+v", got)
	}
	if !slices.Equal(got.early, want.early) {
		t.Errorf("informational answers %v, want %v", got.early, want.early)
	}
	for name, values := range want.header {
		if !slices.Equal(got.header[name], values) {
			t.Errorf("%s: %q, want %q", name, got.header[name], values)
		}
	}
	for _, name := range append(without, "connection") {
		if got.header[name] != nil {
			t.Errorf("%s: %q", name, got.header[name])
		}
	}
	if len(got.trailer) != len(want.trailer) {
		t.Errorf("trailers %v, want %v", got.trailer, want.trailer)
	}
	for name, values := range want.trailer {
		if !slices.Equal(got.trailer[name], values) {
			t.Errorf("trailer %s: %q, want %q", name, got.trailer[name], values)
		}
	}
}

func TestPanicsAreReported(t *testing.T) {
	told := make(chan any, 2)
	r := start(t, ServerOptions{
		Panicked: func(v any, stack []byte) {
			if !strings.Contains(string(stack), "answer_test.go") {
				t.Errorf("the stack does not show the panic:\n%s", stack)
			}
			told <- v
		},
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/abort" {
				panic(http.ErrAbortHandler)
			}
			panic("in the test")
		}),
	})
	c := r.dial()
	c.open(1, true, get[:4].and(":path", "/abort", ":authority", "localhost"))
	c.open(3, true, get)
	c.answer(3)
	if v := <-told; v != "in the test" || len(told) > 0 {
		t.Errorf("heard of %v and %d more", v, len(told))
	}
}

func TestSmallAnswerIsTwoFrames(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(w, "ab")
		_, _ = io.WriteString(w, "cd")
	}).dial()
	c.open(1, true, get)
	var kinds []http2.FrameType
	for {
		f, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if f.Header().StreamID == 0 {
			continue
		}
		kinds = append(kinds, f.Header().Type)
		if f.Header().Flags.Has(http2.FlagDataEndStream) {
			break
		}
	}
	if !slices.Equal(kinds, []http2.FrameType{http2.FrameHeaders, http2.FrameData}) {
		t.Errorf("got %v", kinds)
	}
}

func TestLargeHeadIsSplitIntoFrames(t *testing.T) {
	value := strings.Repeat("Aa0-", 10000)
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-A"] = []string{value, value}
		_, _ = io.WriteString(w, "a")
	}).dial()
	c.open(1, true, get)
	a := c.answer(1)
	values := a.header["x-a"] //nolint:staticcheck // as it stands in the frame
	if a.body != "a" || len(values) != 2 || values[1] != value {
		t.Errorf("got status %q, body %q, %d values", a.status, a.body, len(values))
	}
}

func TestWhatIsFlushedArrivesWhileTheHandlerRuns(t *testing.T) {
	release := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-release
	}).dial()
	c.open(1, true, get)
	for got := ""; got != "a"; {
		f, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := f.(*http2.DataFrame); ok {
			got += string(d.Data())
		}
	}
	close(release)
	if a := c.answer(1); a.cut || a.gone != nil {
		t.Errorf("got %+v", a)
	}
}

func TestConnectionCloseEndsTheConnectionWhenItsRequestsAreDone(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }).dial()
	c.open(1, true, get)
	begun := time.Now()
	if code, said := c.ended(); !said || code != http2.ErrCodeNo || time.Since(begun) > patience/2 {
		t.Errorf("ended with %v, %v", code, said)
	}
}
