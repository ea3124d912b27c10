package backend

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// frame writes one HTTP/2 frame.
func frame(w io.Writer, kind, flags byte, stream uint32, payload ...byte) {
	head := make([]byte, 9)
	binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
	head[4] = flags
	binary.BigEndian.PutUint32(head[5:], stream)
	_, _ = w.Write(append(head, payload...)) // the test sees what is missing
}

// onHeaders serves HTTP/2 as far as needed to call answer when all of a
// request's body has come, and then waits for the end.
func onHeaders(answer func(io.Writer)) func(net.Conn) {
	return func(c net.Conn) {
		defer func() { _ = c.Close() }()
		if _, err := io.ReadFull(c, make([]byte, 24)); err != nil { // the preface
			return
		}
		frame(c, 4, 0, 0) // SETTINGS
		head := make([]byte, 9)
		for {
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			length := binary.BigEndian.Uint32(head) >> 8
			if _, err := io.CopyN(io.Discard, c, int64(length)); err != nil {
				return
			}
			const data, endStream = 0, 1
			if head[3] == data && head[4]&endStream != 0 {
				answer(c)
			}
		}
	}
}

func TestHTTP2FailuresTellWhatWasProcessed(t *testing.T) {
	for _, tt := range []struct {
		name        string
		answer      func(io.Writer)
		kind        Kind
		nothingSent bool
	}{
		{"refused stream", func(w io.Writer) { frame(w, 3, 0, 1, 0, 0, 0, 7) }, BackendCut, true},
		{"goaway below the stream", func(w io.Writer) { frame(w, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }, BackendCut, true},
		{"cancelled stream", func(w io.Writer) { frame(w, 3, 0, 1, 0, 0, 0, 8) }, BackendCut, false},
		{"closed", func(w io.Writer) { _ = w.(net.Conn).Close() }, BackendCut, false},
		{"silent", func(io.Writer) {}, ResponseTimeout, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startRaw(t, onHeaders(tt.answer))
			f := start(t, PoolOptions{Protocol: H2C, Timeouts: Timeouts{Response: 100 * time.Millisecond}}, s.url)
			f.is(t, 0, Up)
			_, _, err := exchange(t, f.pool.members[0], "POST", "payload")
			if e := wantError(t, err, tt.kind); e.NothingSent() != tt.nothingSent || e.Seen {
				t.Errorf("%v: nothing sent %v, seen %v", err, e.NothingSent(), e.Seen)
			}
		})
	}
}

func TestAnHTTP2BodyThatTheBackendDoesNotTakeStalls(t *testing.T) {
	s := startRaw(t, onHeaders(func(io.Writer) {}))
	f := start(t, PoolOptions{Protocol: H2C, Timeouts: Timeouts{BodyIdle: 100 * time.Millisecond}}, s.url)
	f.is(t, 0, Up)
	body := make([]byte, 1<<20) // more than a stream's window
	_, _, err := exchange(t, f.pool.members[0], "POST", string(body))
	wantError(t, err, BodyStalled)
}

func TestAnHTTP2BackendThatIsMarkedDownGetsNewConnectionsAfterwards(t *testing.T) {
	url, _ := serve(t, H2C, false, echo)
	f := start(t, PoolOptions{Protocol: H2C, Check: CheckOptions{Kind: CheckTCP, Interval: time.Hour}}, url)
	f.is(t, 0, Up)
	m := f.pool.members[0]
	for _, reused := range []bool{false, true} {
		if _, call, err := exchange(t, m, "GET", ""); err != nil || call.Reused != reused {
			t.Fatalf("reused %v, %v; want %v", call.Reused, err, reused)
		}
	}
	m.fell.Store(true)
	m.settle()
	if _, call, err := exchange(t, m, "GET", ""); err != nil || call.Reused {
		t.Errorf("reused %v, %v; want a new connection", call.Reused, err)
	}
}
