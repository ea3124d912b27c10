package integration

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"sterling/internal/proxytest"
)

// torrent is an id of docs/security.md that is about how much, not about what: up
// to 10,000 turns over one connection of HTTP/2.
type torrent struct {
	id, name string
	turn     func(h *proxytest.RawH2, n int) error
}

func torrents() []torrent {
	stream := func(n int) uint32 { return uint32(2*n + 1) } //nolint:gosec // small
	large := proxytest.Field{Name: "cookie", Value: strings.Repeat("z", 3000)}
	// A byte for each field, from the second on.
	bomb := get2(slices.Repeat([]proxytest.Field{large}, 4000)...)
	more := block(proxytest.Field{Name: "x", Value: strings.Repeat("y", 8000)})
	return []torrent{
		{"H1", "rapid reset", func(h *proxytest.RawH2, n int) error {
			if err := h.Open(stream(n), true, get2()...); err != nil {
				return err
			}
			return h.WriteRSTStream(stream(n), http2.ErrCodeCancel)
		}},
		{"H2", "endless CONTINUATION", func(h *proxytest.RawH2, n int) error {
			if n == 0 {
				return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(get2()...)})
			}
			return h.WriteContinuation(1, false, more)
		}},
		{"H3", "made to reset", func(h *proxytest.RawH2, n int) error {
			if err := h.Open(stream(n), true, get2()...); err != nil {
				return err
			}
			return h.WriteRawFrame(http2.FrameWindowUpdate, 0, stream(n), []byte{0, 0, 0, 0})
		}},
		{"H4", "headers that unfold", func(h *proxytest.RawH2, n int) error {
			return h.Open(stream(n), true, bomb...)
		}},
		{"H6", "answers of 16 MiB that nobody takes", func(h *proxytest.RawH2, n int) error {
			if n == 20 {
				return io.EOF // a door may keep them on its disk
			}
			if n == 0 {
				_ = h.WriteWindowUpdate(0, 1<<30) // a dead connection shows in the next
			}
			return h.Open(stream(n), true, askFor("localhost", huge)...)
		}},
	}
}

// against floods a door for five seconds at most, and says whether that ends the
// connection, how many of the requests came to the backend, and what memory it
// took.
func (f torrent) against(t *testing.T, d target, rec *proxytest.Recorder) string {
	t.Helper()
	settles(t, rec)
	rec.Reset()
	before := d.memory()
	most := before
	h := proxytest.DialH2(t, d.secure, d.ca, "localhost")
	defer h.Close()
	_ = h.SetDeadline(time.Now().Add(time.Minute))
	ended := make(chan struct{})
	go func() { // until the connection ends
		defer close(ended)
		for {
			frame, err := h.ReadFrame()
			if away, ok := frame.(*http2.GoAwayFrame); err != nil || ok && away.ErrCode != http2.ErrCodeNo {
				return
			}
		}
	}()
	turns := 0
	for began := time.Now(); turns < 10_000 && time.Since(began) < 5*time.Second; turns++ {
		if f.turn(h, turns) != nil {
			break
		}
		if turns%100 == 0 {
			most = max(most, d.memory())
		}
	}
	end := "goes on"
	select {
	case <-ended:
		end = "ends"
	case <-time.After(time.Second):
	}
	settles(t, rec)
	return fmt.Sprintf("%s; %d of %d; %d MiB", end, len(rec.Requests()), turns, (max(most, d.memory())-before)>>20)
}

// settles waits until nothing new has come for a while.
func settles(t *testing.T, rec *proxytest.Recorder) {
	t.Helper()
	seen, since := -1, time.Now()
	proxytest.Eventually(t, "requests to have come", func() bool {
		if n := len(rec.Requests()); n != seen {
			seen, since = n, time.Now()
		}
		return time.Since(since) > 300*time.Millisecond
	})
}
