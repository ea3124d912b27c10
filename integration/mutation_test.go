package integration

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
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

// ofLength is how many mutations are tried: some, or with -long many.
func ofLength(some, many int) int {
	if *long {
		return many
	}
	return some
}

// Mutations of framing, hosts, paths and headers reach the backend as what they
// are, or not at all. The standard engine is not as strict, and lets go of what
// it forwards as soon as its client has said all.
func TestMutatedRequestsNeverBecomeOthers(t *testing.T) {
	t.Parallel()
	standard := proxytest.Engine() == "standard"
	m := mutants{total: ofLength(12_000, 1_000_000), protocol: "http", truth: oracle{scheme: "http"}}
	if standard {
		m.total = ofLength(4_000, 100_000)
		m.truth.lenient = true
	}
	from := seeds()
	m.client = func(_ *proxytest.Sterling, addr string) func(*rand.Rand) trial {
		return func(r *rand.Rand) trial {
			sent := mutate(r, from)
			err := sendAll(addr, sent, standard)
			return trial{sent: proxytest.Quote(string(sent)), meant: proxytest.Meant(sent), severed: standard, err: err}
		}
	}
	m.run(t)
}

// sendAll sends bytes over a connection of their own, and reads up to its end: the
// door has done with them by then. asks: it says that this is all only when
// there is no answer for a while.
func sendAll(addr string, sent []byte, asks bool) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(sent); err != nil {
		return nil //nolint:nilerr // the door has refused it before its end
	}
	if asks {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = io.Copy(io.Discard, c) // its end shows below
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if _, err := io.Copy(io.Discard, c); err != nil && !isReset(err) {
		return fmt.Errorf("the connection does not end: %w", err)
	}
	return nil
}
