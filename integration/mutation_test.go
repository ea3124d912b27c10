package integration

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// smuggled is what stands in bodies and values, and must stay there.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

// usualSeeds is how many of the seeds are no odd ones.
const usualSeeds = 7

// seeds are what is mutated: usual requests with a request inside, and all that
// is odd already.
func seeds() [][]byte {
	all := [][]byte{
		[]byte("GET /app/page?x=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: m\r\nX-Note: a\r\n\r\n"),
		fmt.Appendf(nil, "POST /app/form HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled),
		fmt.Appendf(nil, "POST /app/form HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		fmt.Appendf(nil, "PUT /app/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;a=b\r\nabcde\r\n0\r\nX-T: %s\r\n\r\n", "1"),
		[]byte("GET /app/%2e%2e/admin HTTP/1.1\r\nHost: localhost\r\nCookie: a=b; c=d\r\n\r\nGET /app/second HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		[]byte("GET http://localhost/app/abs HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Forwarded-For\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"),
		[]byte("GET /app/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"),
	}
	for _, o := range oddBytes() {
		if len(o.send) < 2000 {
			all = append(all, []byte(o.send))
		}
	}
	return all
}

// pieces are put into what is mutated.
var pieces = []string{
	"\r\n", "\n", "\r", "\x00", " ", "\t", ":", ",", ";", "_", "\x0b", "\xff", "\"", "0", "00", "+", "-", "0x", "#", "?", "\\", "//", "/../", "/%2e%2e/", "%2f", "%5c", "%00", "/admin",
	"Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length : 3\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "transfer-encoding:\tchunked\r\n", "Transfer_Encoding: chunked\r\n",
	"0\r\n\r\n", "5\r\nabcde\r\n", "\r\n\r\n", smuggled, "Host: evil\r\n", "Host: localhost\r\n", "X-Forwarded-For: 6.6.6.6\r\n", "X_Forwarded_For: 6.6.6.6\r\n", "Connection: keep-alive\r\n", "Connection: close\r\n",
	"Expect: 100-continue\r\n", "Upgrade: websocket\r\n", " folded\r\n", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "@", "..", "%25", "chunked",
}

// mutate changes a seed in a few places.
func mutate(r *rand.Rand, from [][]byte) []byte {
	which := r.IntN(len(from))
	if r.IntN(4) > 0 {
		which = r.IntN(usualSeeds) // or there would be too few that are let in
	}
	b := slices.Clone(from[which])
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		end := min(len(b), at+1+r.IntN(12))
		switch r.IntN(7) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b = slices.Delete(b, at, end)
		case 2, 3:
			b = slices.Insert(b, at, []byte(pieces[r.IntN(len(pieces))])...)
		case 4:
			b = slices.Insert(b, at, slices.Clone(b[at:end])...)
		case 5: // at the beginning of a line
			if i := bytes.IndexByte(b[at:], '\n'); i >= 0 {
				b = slices.Insert(b, at+i+1, []byte(pieces[r.IntN(len(pieces))])...)
			}
		default:
			other := from[r.IntN(len(from))]
			b = append(b[:at:at], other[r.IntN(len(other)):]...)
		}
	}
	return b
}

// unmeant says what at the backend the client cannot have meant; "" when
// nothing is.
func unmeant(sent []byte, seen []*proxytest.Recorded) string {
	meant := proxytest.Meant(sent)
	good := 0
	for _, m := range meant {
		if m.WellFormed() {
			good++
		}
	}
	if len(seen) > good+1 {
		return fmt.Sprintf("%d requests, and there are no more than %d", len(seen), good+1)
	}
	next := 0 // of those that were meant; some are for another backend, or refused
	for _, s := range seen {
		for next < good && !alike(s, meant[next]) {
			next++
		}
		is := next
		next++
		switch {
		case s.Fault != "":
			return "it is not well-formed: " + s.Fault
		case strings.Contains(s.Target, "smuggled") && (is >= len(meant) || !strings.Contains(meant[is].Target, "smuggled")):
			return "the inner request has come out"
		case is > good:
			return fmt.Sprintf("%s with %d bytes is none of those that were meant", s.Method, len(s.Body))
		case len(s.Values("X-Forwarded-For")) != 1 || s.Get("X-Forwarded-For") != "127.0.0.1" || len(s.Alias("X-Forwarded-For")) != 1:
			return "it says who it comes from"
		case !strings.EqualFold(strings.TrimSuffix(hostOf(s.Get("Host")), "."), "localhost"):
			return "it is for another host"
		case s.Has("Upgrade") && !strings.EqualFold(s.Get("Upgrade"), "websocket"):
			return "it asks for another protocol"
		case forbidden(s.Target):
			return "it has got past a rule for paths"
		}
	}
	return ""
}

// alike reports whether two requests may be the same one, whose path has come
// into its canonical form.
func alike(a, b *proxytest.Recorded) bool {
	return a.Method == b.Method && bytes.Equal(a.Body, b.Body) && strings.Contains(a.Target, "smuggled") == strings.Contains(b.Target, "smuggled")
}

func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return authority
}

// forbidden reports whether a server would find /admin there.
func forbidden(target string) bool {
	raw, _, _ := strings.Cut(target, "?")
	plain, err := url.PathUnescape(raw)
	if err != nil {
		return true // no server could tell
	}
	clean := path.Clean(strings.ReplaceAll(plain, "\\", "/"))
	return clean == "/admin" || strings.HasPrefix(clean, "/admin/")
}

// Mutations of framing, hosts, paths and headers reach the backend as what they
// are, or not at all.
func TestMutatedRequestsNeverBecomeOthers(t *testing.T) {
	t.Parallel()
	if proxytest.Engine() == "standard" {
		return // it settles some framings before we see them; docs/design.md says which
	}
	const workers = 8
	total := 12_000
	if *long {
		total = 1_000_000
	}
	var config strings.Builder
	recorders := make([]*proxytest.Recorder, workers)
	for i := range workers {
		recorders[i] = proxytest.NewRecorder(t, nil)
		fmt.Fprintf(&config, "[[listener]]\nname = \"l%d\"\naddress = \"127.0.0.1:0\"\nprotocol = \"http\"\nengine = %q\nbody_idle = \"2s\"\nheader_timeout = \"2s\"\n", i, proxytest.Engine())
	}
	for i := range workers {
		fmt.Fprintf(&config, "[[route]]\nlisteners = [\"l%d\"]\nhosts = [\"localhost\"]\npool = \"p%d\"\n", i, i)
		fmt.Fprintf(&config, "[[route]]\nlisteners = [\"l%d\"]\nhosts = [\"localhost\"]\npaths = [\"/admin\"]\npool = \"secret\"\n", i)
	}
	for i := range workers {
		config.WriteString(proxytest.OnlyPool(fmt.Sprintf("p%d", i), "hedge = \"off\"", recorders[i].Addr))
	}
	secret := proxytest.NewRecorder(t, nil)
	config.WriteString(proxytest.OnlyPool("secret", "", secret.Addr))
	p := proxytest.Start(t, proxytest.Options{Config: config.String(), AccessLog: "output = \"off\""})

	from := seeds()
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	var left, passed, refused, faults atomic.Int64
	left.Store(int64(total))
	var warm atomic.Int64
	var g sync.WaitGroup
	for i := range workers {
		g.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // so that it can be repeated
			addr := p.Addr(fmt.Sprintf("l%d", i))
			for n := left.Add(-1); n >= 0 && faults.Load() < 5; n = left.Add(-1) {
				if n == int64(total*3/4) {
					warm.Store(p.Memory())
				}
				sent := mutate(r, from)
				if err := sendAll(addr, sent); err != nil {
					t.Errorf("%v\nsent %s", err, proxytest.Quote(string(sent)))
					faults.Add(1)
				}
				if !proxytest.Within(5*time.Second, func() bool { return recorders[i].Busy() == 0 }) {
					t.Errorf("the backend is still busy\nsent %s", proxytest.Quote(string(sent)))
					faults.Add(1)
				}
				// What is cut, no server runs.
				seen := slices.DeleteFunc(recorders[i].Requests(), func(r *proxytest.Recorded) bool { return !r.Complete })
				recorders[i].Reset()
				if problem := unmeant(sent, seen); problem != "" {
					t.Errorf("%s\nsent %s\nseen %v", problem, proxytest.Quote(string(sent)), seen)
					faults.Add(1)
				}
				if len(seen) > 0 {
					passed.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	g.Wait()
	after := p.Memory()
	t.Logf("%d mutations: %d reached the backend, %d did not; %d and %d MiB of memory", total, passed.Load(), refused.Load(), warm.Load()>>20, after>>20)
	if passed.Load() < int64(total)/20 || refused.Load() < int64(total)/20 {
		t.Error("there is nothing to learn from that mix")
	}
	if strings.Contains(p.Log(), "panicked") {
		t.Errorf("a request panicked: %s", p.Log())
	}
	if limit := warm.Load() + warm.Load()/4 + 8<<20; warm.Load() > 0 && after > limit && !proxytest.Raced(t) {
		t.Errorf("memory grew from %d to %d MiB", warm.Load()>>20, after>>20)
	}
}

// sendAll sends bytes over a connection of their own, and reads up to its end: the
// door has done with them by then.
func sendAll(addr string, sent []byte) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(sent); err != nil {
		return nil //nolint:nilerr // the door has refused it before its end
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if _, err := io.Copy(io.Discard, c); err != nil && !isReset(err) {
		return fmt.Errorf("the connection does not end: %w", err)
	}
	return nil
}
