package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sterling/internal/proxytest"
)

// The ids are those of docs/security.md.

// get2 is a request by GET over HTTP/2.
func get2(more ...proxytest.Field) []proxytest.Field {
	return append([]proxytest.Field{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "localhost"}, {Name: ":path", Value: "/"}}, more...)
}

// served sees to it that others are, all the while.
func served(t *testing.T, p *proxytest.Sterling) {
	t.Helper()
	res, err := p.Client(true).Get(p.URL("front"))
	if err != nil {
		t.Fatalf("nobody else is served: %v", err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("others get %s", res.Status)
	}
}

func TestHostileH1RapidReset(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	h := proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
	sent := 0
	for stream := uint32(1); sent < 10_000; stream += 2 {
		if h.Open(stream, true, get2()...) != nil || h.WriteRSTStream(stream, http2.ErrCodeCancel) != nil {
			break
		}
		sent++
	}
	t.Logf("%d requests were sent and reset, %d came to the backend", sent, app.Total())
	if app.Total() > 2000 {
		t.Errorf("%d requests at the backend", app.Total())
	}
	if proxytest.Engine() == "standard" {
		_ = h.Close() // it only slows them down
	}
	ends(t, h)
	served(t, p)
}

// The limit is so many a second. A machine may be too slow to pass it, and the
// connection goes on then; what came to the backend shows that it was.
func TestHostileH1RapidResetOverHTTP3(t *testing.T) {
	t.Parallel()
	const limit, streams = 200, 128 // a second, and under way at once
	app := proxytest.NewCounter(t, "app", func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	slow := get2()
	slow[3].Value = "/slow"
	c := proxytest.DialH3(t, p.Addr("front"), p.CA, "localhost")
	canceled := quic.StreamErrorCode(http3.ErrCodeRequestCanceled)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began, sent := time.Now(), 0
	for sent < 10_000 && c.Context().Err() == nil && ctx.Err() == nil {
		var batch []*quic.Stream
		before := app.Total()
		for range 100 {
			str, err := c.OpenStreamSync(ctx)
			if err != nil {
				break
			}
			_, _ = str.Write(proxytest.H3Fields(slow...)) // a dead connection shows in the next
			_ = str.Close()
			batch = append(batch, str)
			sent++
		}
		proxytest.Eventually(t, "some of them to come", func() bool { return app.Total() > before || c.Context().Err() != nil || ctx.Err() != nil })
		for _, str := range batch {
			str.CancelRead(canceled)
		}
	}
	seconds := int(time.Since(began)/time.Second) + 2 // the first one, and the last, which has begun
	t.Logf("%d requests were sent and reset, %d came to the backend within %d seconds", sent, app.Total(), seconds)
	if app.Total() > seconds*(limit+1)+streams {
		t.Errorf("%d requests at the backend", app.Total())
	}
	var closed *quic.ApplicationError
	switch err := context.Cause(c.Context()); {
	case err == nil:
		t.Logf("the connection goes on: the machine is too slow")
	case !errors.As(err, &closed) || closed.ErrorCode != quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad):
		t.Errorf("the connection has ended with %v", err)
	}
	served(t, p)
}

// ends sees to it that the door ends the connection. The standard library's
// server only slows it down, so that the test has to end it.
func ends(t *testing.T, h *proxytest.RawH2) {
	t.Helper()
	a := h.Answer(1 << 30)
	if proxytest.Engine() != "standard" && !a.GoAway {
		t.Errorf("the connection goes on: %v", a)
	}
}

func TestHostileH2EndlessContinuation(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	before := p.Memory()
	h := proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
	if err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(get2()...)}); err != nil {
		t.Fatal(err)
	}
	more := block(proxytest.Field{Name: "x", Value: strings.Repeat("y", 8000)})
	frames := 0
	for ; frames < 100_000; frames++ {
		if h.WriteContinuation(1, false, more) != nil {
			break
		}
	}
	if frames == 100_000 {
		t.Error("the connection took them all")
	}
	if grown := p.Memory() - before; grown > 32<<20 && !proxytest.Raced(t) {
		t.Errorf("it cost %d MiB", grown>>20)
	}
	t.Logf("the connection ended within %d frames", frames)
	served(t, p)
}

// block is a header block in HPACK that a decoder with an empty table reads.
func block(fields ...proxytest.Field) []byte {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for _, f := range fields {
		_ = enc.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value, Sensitive: true}) // into memory
	}
	return b.Bytes()
}

// Each of these has the server reset a stream, or end the connection.
func madeToReset() map[string]func(h *proxytest.RawH2, stream uint32) error {
	opened := func(then func(h *proxytest.RawH2, stream uint32) error) func(*proxytest.RawH2, uint32) error {
		return func(h *proxytest.RawH2, stream uint32) error {
			if err := h.Open(stream, true, get2()...); err != nil {
				return err
			}
			return then(h, stream)
		}
	}
	return map[string]func(*proxytest.RawH2, uint32) error{
		"an increment of nothing": opened(func(h *proxytest.RawH2, stream uint32) error {
			return h.WriteRawFrame(http2.FrameWindowUpdate, 0, stream, []byte{0, 0, 0, 0})
		}),
		"an increment that overflows": opened(func(h *proxytest.RawH2, stream uint32) error {
			return h.WriteRawFrame(http2.FrameWindowUpdate, 0, stream, []byte{0x7f, 0xff, 0xff, 0xff})
		}),
		"a stream that depends on itself": opened(func(h *proxytest.RawH2, stream uint32) error {
			return h.WriteRawFrame(http2.FramePriority, 0, stream, append(binary.BigEndian.AppendUint32(nil, stream), 1))
		}),
		"a priority that is too short": opened(func(h *proxytest.RawH2, stream uint32) error {
			return h.WriteRawFrame(http2.FramePriority, 0, stream, []byte{0, 0, 0})
		}),
		"data behind the end": opened(func(h *proxytest.RawH2, stream uint32) error {
			return h.WriteRawFrame(http2.FrameData, http2.FlagDataEndStream, stream, []byte("more"))
		}),
		"headers behind the end": opened(func(h *proxytest.RawH2, stream uint32) error {
			return h.Open(stream, true, get2()...)
		}),
		"a length without data": func(h *proxytest.RawH2, stream uint32) error {
			return h.Open(stream, true, get2(proxytest.Field{Name: "content-length", Value: "5"})...)
		},
		"more data than the length": func(h *proxytest.RawH2, stream uint32) error {
			if err := h.Open(stream, false, get2(proxytest.Field{Name: "content-length", Value: "1"})...); err != nil {
				return err
			}
			return h.WriteRawFrame(http2.FrameData, http2.FlagDataEndStream, stream, []byte("more"))
		},
		"a header of the connection's": func(h *proxytest.RawH2, stream uint32) error {
			return h.Open(stream, true, get2(proxytest.Field{Name: "connection", Value: "close"})...)
		},
	}
}

// cutOff reads until the connection ends, and reports whether it has. It writes
// nothing, so that another goroutine may.
func cutOff(h *proxytest.RawH2) bool {
	for {
		f, err := h.ReadFrame()
		var fault http2.StreamError // of an answer that is not looked at
		if away, ok := f.(*http2.GoAwayFrame); ok && away.ErrCode != http2.ErrCodeNo {
			return true
		}
		if err != nil && !errors.As(err, &fault) {
			return !errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
}

func TestHostileH3MadeYouReset(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/served" {
			<-r.Context().Done()
		}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	for name, turn := range madeToReset() {
		t.Run(name, func(t *testing.T) {
			before, h := app.Total(), proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
			defer func() { _ = h.Close() }() // the door has done so
			// Answers that are not taken would end it for another reason.
			ended := make(chan bool, 1)
			go func() { ended <- cutOff(h) }() // ends with h
			sent := 0
			for stream := uint32(1); sent < 10_000; stream += 2 {
				if turn(h, stream) != nil {
					break
				}
				sent++
			}
			if proxytest.Engine() == "standard" {
				_ = h.Close() // it only slows them down
			}
			if !<-ended {
				t.Error("the connection goes on")
			}
			seen := app.Total() - before
			t.Logf("%d requests were made to be reset, %d came to the backend", sent, seen)
			if seen > 2000 {
				t.Errorf("%d requests at the backend", seen)
			}
			res, err := p.Client(true).Get(p.URL("front") + "/served")
			if err != nil {
				t.Fatalf("nobody else is served: %v", err)
			}
			_ = res.Body.Close()
		})
	}
}

func TestHostileH4Bomb(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	before := p.Memory()
	most := atomic.Int64{}
	var g sync.WaitGroup
	for range 3 {
		g.Go(func() {
			h := proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
			large := proxytest.Field{Name: "cookie", Value: strings.Repeat("z", 3000)}
			bomb := get2(slices.Repeat([]proxytest.Field{large}, 4000)...) // a byte each, from the second on
			for stream := uint32(1); stream < 200; stream += 2 {
				if h.Open(stream, true, bomb...) != nil {
					return
				}
				if m := p.Memory(); m > most.Load() {
					most.Store(m)
				}
			}
		})
	}
	g.Wait()
	t.Logf("%d MiB before, %d MiB at most", before>>20, most.Load()>>20)
	if most.Load() > before+64<<20 && !proxytest.Raced(t) {
		t.Errorf("memory went from %d to %d MiB", before>>20, most.Load()>>20)
	}
	if app.Total() > 0 {
		t.Errorf("%d bombs reached the backend", app.Total())
	}
	served(t, p)
}

// The largest lists that are accepted, on as many streams as may be open, whose
// requests nobody answers.
func TestHostileH4LargestListsThatAreAccepted(t *testing.T) {
	t.Parallel()
	const connections, streams = 3, 100
	var held atomic.Int64
	release := make(chan struct{})
	app := proxytest.NewCounter(t, "app", func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Many") == "" {
			return
		}
		held.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	served(t, p)
	before := p.Memory()
	many := proxytest.Field{Name: "x-many", Value: strings.Repeat("z", 150)}
	for range connections {
		h := proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
		for n := range uint32(streams) {
			if err := h.Open(2*n+1, true, get2(slices.Repeat([]proxytest.Field{many}, 75)...)...); err != nil {
				t.Fatalf("stream %d: %v", n, err)
			}
		}
	}
	proxytest.Eventually(t, "all requests to be held by the backend", func() bool { return held.Load() == connections*streams })
	after := p.Memory()
	t.Logf("%d MiB before, %d MiB with %d requests of 12 KiB each", before>>20, after>>20, held.Load())
	if after > before+64<<20 && !proxytest.Raced(t) {
		t.Errorf("memory went from %d to %d MiB", before>>20, after>>20)
	}
	served(t, p)
}

// crawling is a client of this way that gives the door next to no room for an
// answer, beyond what it has read of it.
func (m mode) crawling(p *proxytest.Sterling) *http.Client {
	c := m.client(p)
	switch tr := c.Transport.(type) {
	case *http3.Transport:
		tr.QUICConfig = &quic.Config{InitialStreamReceiveWindow: 64, MaxStreamReceiveWindow: 64}
	case *http.Transport:
		tr.ReadBufferSize = 64
		tr.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64}
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(8 << 10)
			}
			return c, err
		}
	}
	c.Timeout = 0
	return c
}

// crawl takes a few bytes of an answer at a time, which are those of the chunks
// one after the other, until the answer ends.
func crawl(body io.Reader, chunk []byte, taken *atomic.Int64) error {
	few := make([]byte, 5)
	for at := 0; ; time.Sleep(5 * time.Millisecond) {
		n, err := body.Read(few)
		for _, b := range few[:n] {
			if b != chunk[at%len(chunk)] {
				return fmt.Errorf("byte %d is %q", at, b)
			}
			at++
		}
		taken.Add(int64(n))
		if err != nil {
			return err
		}
	}
}

// Half of them stop after a byte, and the others take a few bytes at a time, and
// so make progress: they are served, however long it takes.
func TestHostileH6SlowReaders(t *testing.T) {
	t.Parallel()
	chunk := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz+-*/=,;."), 1489)
	var written atomic.Int64
	app := proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/large" {
			return
		}
		for range 1 << 14 { // a gigabyte
			n, err := w.Write(chunk)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr) + "[pool.timeout]\nconnect = \"20s\"\n"})
	served(t, p)
	before := p.Memory()
	ctx, cancel := context.WithCancel(t.Context())
	var crawlers sync.WaitGroup
	defer crawlers.Wait()
	defer cancel()
	begin := func(m mode, c *http.Client) *http.Response {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL(m.listener)+"/large", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode != http.StatusOK {
			t.Fatalf("over %s: %s", m.name, res.Status)
		}
		return res
	}
	taken, now := make([]atomic.Int64, 10*len(modes)), make([]int64, 10*len(modes))
	readers := 0
	for n := range 10 {
		for i, m := range modes {
			_, _ = begin(m, m.client(p)).Body.Read(make([]byte, 1))
			res := begin(m, m.crawling(p))
			crawlers.Go(func() {
				err := crawl(res.Body, chunk, &taken[n*len(modes)+i])
				if ctx.Err() == nil {
					t.Errorf("one who crawls over %s was cut: %v", m.name, err)
				}
			})
			readers += 2
		}
	}
	most := int64(0)
	for range 20 {
		most = max(most, p.Memory())
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%d readers: %d MiB before, %d MiB at most; the backend got rid of %d MiB", readers, before>>20, most>>20, written.Load()>>20)
	if most > before+64<<20 && !proxytest.Raced(t) {
		t.Errorf("memory went from %d to %d MiB", before>>20, most>>20)
	}
	for i := range taken {
		now[i] = taken[i].Load()
	}
	for i := range taken {
		proxytest.Eventually(t, "more for one who crawls over "+modes[i%len(modes)].name, func() bool { return taken[i].Load() > now[i]+50 })
	}
	served(t, p)
}

// Slow clients by the hundred, and one who is not.
func TestHostileSlowClients(t *testing.T) {
	program, err := exec.LookPath("slowhttptest")
	if err != nil {
		proxytest.Skip(t, "no slowhttptest")
	}
	t.Parallel()
	connections, seconds := 200, 4
	if *long {
		connections, seconds = 1000, 20
	}
	app := proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(make([]byte, 200<<10))
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr), AccessLog: "output = \"off\""})
	for _, mode := range []struct{ name, flag string }{{"slow headers", "-H"}, {"slow body", "-B"}, {"ranges", "-R"}, {"slow read", "-X"}} {
		t.Run(mode.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, mode.flag, "-c", fmt.Sprint(connections), "-r", fmt.Sprint(connections), "-l", fmt.Sprint(seconds), "-i", "1", "-u", p.URL("plain")+"/", "-v", "1")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { defer close(ended); _ = cmd.Wait() }()
			var took []time.Duration
			attack := time.Now()
			for done := false; !done; {
				began := time.Now()
				if err := fromElsewhere(t, p); err != nil {
					t.Errorf("the one who is not slow: %v", err)
				}
				took = append(took, time.Since(began))
				select {
				case <-ended:
					done = true
				case <-time.After(20 * time.Millisecond):
				}
			}
			slices.Sort(took)
			t.Logf("%d slow connections: %d requests of another, half within %v, 99 of 100 within %v, all within %v",
				connections, len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
			if lasted := time.Since(attack); lasted < 500*time.Millisecond {
				t.Errorf("the attack was over within %v", lasted)
			}
		})
	}
}

// fromElsewhere makes one request, over a connection from another address.
func fromElsewhere(t *testing.T, p *proxytest.Sterling) error {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}, Timeout: 5 * time.Second}
	tr := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: p.CA.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}}
	res, err := (&http.Client{Transport: tr, Timeout: 5 * time.Second}).Get(p.URL("front"))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", res.Status)
	}
	return nil
}
