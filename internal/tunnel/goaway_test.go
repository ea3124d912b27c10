package tunnel

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// isClose tells whether f is a Close frame of ours.
func isClose(f frame, masked bool) bool {
	return f.opcode == opClose && f.final && f.masked == masked && string(f.payload) == "\x03\xe9stopping"
}

// wantWholeFrames checks that text is a part of script that ends at a boundary
// and, if said, one Close frame of ours.
func wantWholeFrames(t *testing.T, who string, text, script []byte, masked, closed bool) {
	t.Helper()
	all, rest, ok := parseFrames(text)
	if !ok || len(rest) > 0 {
		t.Fatalf("%s: not whole frames: %x then %x", who, text, rest)
	}
	if closed {
		if len(all) == 0 || !isClose(all[len(all)-1], masked) {
			t.Fatalf("%s: no Close frame at the end of %x", who, text)
		}
		last := closeFrame(1001, "stopping", masked)
		text = text[:len(text)-len(last)]
	}
	if !bytes.HasPrefix(script, text) {
		t.Fatalf("%s: %x is not the start of %x", who, text, script)
	}
}

// The property: wherever the backend's stream stands when GoAway is called, the
// client sees whole frames and then a Close frame, and so does the backend.
func TestGoAwayAtEveryByteFromTheBackend(t *testing.T) {
	stream := script(false)
	whole := append([]byte(head), stream...)
	for at := range len(whole) + 1 {
		for _, piece := range []int{1, 7, len(whole)} {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil, Options{WebSocket: true})
				client, backend := collect(r.client, len(head)), collect(r.backend, 0)
				feed(t, r.backend, whole[:at], piece)
				synctest.Wait()
				r.conn.GoAway(1001, "stopping")
				feed(t, r.backend, whole[at:], piece)
				synctest.Wait()
				select {
				case <-client.seen:
				default:
					t.Fatalf("at %d: the client was not told", at)
				}
				feed(t, r.client, appendFrame(nil, 0x88, true, 0, []byte{3, 232}), 3)
				<-backend.seen
				feed(t, r.backend, closeFrame(1001, "", false), 100)
				s := r.wantEnd(t, CauseGoAway, 3*grace)
				r.copying.Wait()
				<-client.end
				<-backend.end
				got := client.all()
				wantWholeFrames(t, fmt.Sprintf("client at %d", at), got[len(head):], stream, false, true)
				wantWholeFrames(t, fmt.Sprintf("backend at %d", at), backend.all(), nil, true, true)
				if sent := len(got) - len(head) - len(closeFrame(1001, "stopping", false)); sent != nextBoundary(stream, at-len(head)) {
					t.Errorf("at %d: %d bytes before the Close frame", at, sent)
				}
				if s.BytesOut != int64(len(got)-len(head)-len(closeFrame(1001, "stopping", false))) {
					t.Errorf("%d bytes out", s.BytesOut)
				}
			})
		}
	}
}

// nextBoundary returns the first end of a frame in stream that is not before at.
func nextBoundary(stream []byte, at int) int {
	for n := max(at, 0); n < len(stream); n++ {
		if _, rest, _ := parseFrames(stream[:n]); len(rest) == 0 {
			return n
		}
	}
	return len(stream)
}

func TestGoAwayAtEveryByteFromTheClient(t *testing.T) {
	stream := script(true)
	for at := range len(stream) + 1 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, stream[:at/2], Options{WebSocket: true})
			client, backend := collect(r.client, len(head)), collect(r.backend, 0)
			feed(t, r.backend, []byte(head), 100)
			feed(t, r.client, stream[at/2:at], 5)
			synctest.Wait()
			r.conn.GoAway(1001, "stopping")
			<-client.seen
			// What the client sent before it knew still arrives.
			feed(t, r.client, append(stream[at:], closeFrame(1000, "", true)...), 11)
			<-backend.seen
			feed(t, r.backend, closeFrame(1001, "", false), 100)
			r.wantEnd(t, CauseGoAway, 3*grace)
			<-backend.end
			got := backend.all()
			wantWholeFrames(t, "backend", got, stream, true, true)
			if len(got) != len(stream)+len(closeFrame(1001, "stopping", true)) {
				t.Errorf("at %d: %d of %d bytes of the client's arrived", at, len(got), len(stream))
			}
		})
	}
}

func TestGoAwayTellsTheBackendWhenTheClientIsSilent(t *testing.T) {
	stream := script(true)
	for at := range len(stream) + 1 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil, Options{WebSocket: true})
			client, backend := collect(r.client, len(head)), collect(r.backend, 0)
			feed(t, r.backend, []byte(head), 100)
			feed(t, r.client, stream[:at], 100)
			begin := time.Now()
			r.conn.GoAway(1001, "stopping")
			_, rest, _ := parseFrames(stream[:at])
			<-backend.end
			if took := time.Since(begin); took < grace || took > 3*grace {
				t.Errorf("at %d: it took %v", at, took)
			}
			<-client.end
			wantWholeFrames(t, "client", client.all()[len(head):], nil, false, true)
			if got := backend.all(); len(rest) > 0 {
				if !bytes.Equal(got, stream[:at]) {
					t.Errorf("at %d: inside a frame, the backend got %x", at, got)
				}
			} else {
				wantWholeFrames(t, "backend", got, stream, true, true)
			}
		})
	}
}

func TestGoAwayInsideAFrameThatNeverEnds(t *testing.T) {
	for _, start := range []string{"", head[:20], head + "\x81\x05he", head + "\x82\xff"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil, Options{WebSocket: true})
			client, backend := collect(r.client, len(head)), collect(r.backend, 0)
			feed(t, r.backend, []byte(start), 100)
			synctest.Wait()
			r.conn.GoAway(1001, "stopping")
			<-client.end
			<-backend.end
			if got := client.all(); string(got) != start {
				t.Errorf("the client got %q after %q", got, start)
			}
			wantWholeFrames(t, "backend", backend.all(), nil, true, true)
			r.wantEnd(t, CauseGoAway, 3*grace)
		})
	}
}

func TestGoAwayDoesNotWaitForAClientThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{WebSocket: true})
		go func() { _, _ = r.backend.Write([]byte(head)) }() // hangs, nobody reads
		backend := collect(r.backend, 0)
		synctest.Wait()
		begin := time.Now()
		r.conn.GoAway(1001, "stopping")
		if time.Since(begin) != 0 {
			t.Error("GoAway waited")
		}
		<-backend.seen
		r.wantEnd(t, CauseGoAway, 3*grace)
		r.conn.GoAway(1001, "again") // does nothing
	})
}

func TestGoAwayAfterTheBackendClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{WebSocket: true})
		client, backend := collect(r.client, len(head)), collect(r.backend, 0)
		bye := appendFrame(nil, 0x88, false, 0, []byte{3, 232})
		feed(t, r.backend, append([]byte(head), bye...), 100)
		<-client.seen
		r.conn.GoAway(1001, "stopping")
		feed(t, r.client, appendFrame(nil, 0x88, true, 0, []byte{3, 232}), 100)
		<-client.end
		<-backend.end
		if got := client.all()[len(head):]; !bytes.Equal(got, bye) {
			t.Errorf("a second Close frame: %x", got)
		}
		if all, rest, _ := parseFrames(backend.all()); len(all) != 1 || len(rest) > 0 || all[0].opcode != opClose {
			t.Errorf("the backend got %x", backend.all())
		}
	})
}

func TestGoAwayOfAnotherProtocol(t *testing.T) {
	front, client := tcpPair(t)
	stats := make(chan Stats, 1)
	c := New(front, nil, Options{OnClose: func(s Stats) { stats <- s }})
	if _, err := c.Write([]byte(head + "abc")); err != nil {
		t.Fatal(err)
	}
	c.GoAway(1001, "stopping")
	if got, err := io.ReadAll(client); string(got) != head+"abc" || err != nil {
		t.Errorf("the client got %q, %v", got, err)
	}
	// The client's side is still open until it closes as well.
	if _, err := client.Write([]byte("last")); err != nil {
		t.Error(err)
	}
	buf := make([]byte, 10)
	if n, err := c.Read(buf); string(buf[:n]) != "last" {
		t.Errorf("the backend got %q, %v", buf[:n], err)
	}
	_ = client.Close()
	if n, err := c.Read(buf); n != 0 || err == nil {
		t.Errorf("then %d bytes, %v", n, err)
	}
	if s := <-stats; s.Cause != CauseGoAway {
		t.Errorf("cause %q", s.Cause)
	}
	if n, err := c.Write([]byte("x")); n != 1 && err == nil {
		t.Errorf("a write after the end: %d, %v", n, err)
	}
}

// feed writes text in pieces.
func feed(t *testing.T, to net.Conn, text []byte, piece int) {
	t.Helper()
	for len(text) > 0 {
		n, err := to.Write(text[:min(piece, len(text))])
		if err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
}

// tcpPair returns the two ends of a loopback connection.
func tcpPair(t *testing.T) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Close()
		_ = client.Close()
	})
	return server, client
}
