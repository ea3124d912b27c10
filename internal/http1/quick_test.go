package http1

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// dribble is a recording of which each read brings one byte.
type dribble struct{ recording }

func (d *dribble) Read(p []byte) (int, error) { return d.recording.Read(p[:min(1, len(p))]) }

func newDribble(answer []byte) *ClientConn {
	d := &dribble{}
	d.answer.Reset(answer)
	return NewClientConn(d)
}

// usual are heads that must be taken in the quick way, or it is there for nothing.
var usual = []string{
	"Server: x\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
	"server:x\r\nSet-cookie: a=b; Path=/\r\nset-cookie:\tc=d \r\nSET-COOKIE: e\r\netag: \"7\"\r\nx-empty:\r\ncontent-length:2\r\n\r\nhi",
	"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	"Content-Length: 2\r\nX-Latin: caf\xe9\r\n\r\nhi",
}

func TestUsualHeadsAreTakenInTheQuickWay(t *testing.T) {
	for _, lines := range usual {
		for _, status := range []string{"HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 404 Not really Found"} {
			answer := status + "\r\n" + lines
			var m Memory
			res, body, err := fetch(newRecording([]byte(answer)), &Exchange{Request: get(t), Memory: &m})
			if err != nil || body != "hi" {
				t.Fatalf("%q: %q, %v", answer, body, err)
			}
			if res != &m.answer {
				t.Errorf("%q was left to the slow way", answer)
			}
			sameAnswer(t, []byte(answer), http.MethodGet)
		}
	}
}

// sameAnswer sees that an answer means the same whether it comes at once or
// byte by byte.
func sameAnswer(t *testing.T, answer []byte, method string) {
	t.Helper()
	quickly, slowly := newRecording(answer), newDribble(answer)
	a, bodyA, errA := fetch(quickly, &Exchange{Request: request(t, method, 0)})
	b, bodyB, errB := fetch(slowly, &Exchange{Request: request(t, method, 0)})
	if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() || bodyA != bodyB {
		t.Fatalf("%q: %q %v, byte by byte: %q %v", answer, bodyA, errA, bodyB, errB)
	}
	if (a == nil) != (b == nil) {
		t.Fatalf("%q: %v, byte by byte: %v", answer, a, b)
	}
	if a == nil {
		return
	}
	same := a.Status == b.Status && a.StatusCode == b.StatusCode && a.Proto == b.Proto && a.ProtoMinor == b.ProtoMinor &&
		a.ContentLength == b.ContentLength && slices.Equal(a.TransferEncoding, b.TransferEncoding) &&
		maps.EqualFunc(a.Header, b.Header, slices.Equal) && maps.EqualFunc(a.Trailer, b.Trailer, slices.Equal)
	if !same || quickly.keepAlive != slowly.keepAlive || quickly.keepMax != slowly.keepMax {
		t.Fatalf("%q:\n%+v, byte by byte:\n%+v", answer, a, b)
	}
	if slowly.Reusable() && !quickly.Reusable() { // more may have been read with it
		if _, _, rest, err := reference(answer, request(t, method, 0)); err == nil && rest.Buffered() == 0 {
			t.Fatalf("%q: only byte by byte it is reusable", answer)
		}
	}
}

func FuzzHeadByteByByte(f *testing.F) {
	for _, lines := range usual {
		f.Add(false, []byte(ok+lines))
	}
	for _, tc := range good {
		f.Add(tc.method == "HEAD", []byte(tc.answer))
	}
	for _, answer := range bad {
		if len(answer) < 2000 {
			f.Add(false, []byte(answer))
		}
	}
	f.Fuzz(func(t *testing.T, head bool, answer []byte) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		sameAnswer(t, answer, method)
	})
}

// What an answer holds must not change, or show, when the memory is used again.
func TestMemoryIsUsedForOneExchangeAfterAnother(t *testing.T) {
	c := newServer(t, func(s *server) {
		for n := 0; ; n++ {
			r, _ := s.request()
			switch {
			case r == nil:
				return
			case n%3 == 0:
				s.say(ok + "A: 1\r\nB: 2\r\nB: 3\r\nContent-Length: 5\r\n\r\nhello")
			case n%3 == 1:
				s.say(ok + "C: 4\r\nTransfer-Encoding: chunked\r\nTrailer: D\r\n\r\n5\r\nworld\r\n0\r\nD: 5\r\n\r\n")
			default:
				s.say("HTTP/1.1 204 No Content\r\n\r\n")
			}
		}
	})
	var m Memory
	for range 5 {
		for _, want := range []string{"200 OK A=1 B=2|3 Content-Length=5 hello ", "200 OK C=4 world D=5", "204 No Content   "} {
			res, body, err := fetch(c, &Exchange{Request: get(t), Memory: &m})
			if err != nil {
				t.Fatal(err)
			}
			status, value := res.Status, res.Header.Get("B")
			if got := res.Status + " " + flat(res.Header) + " " + body + " " + flat(res.Trailer); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if !m.Reclaim() {
				t.Fatal("it cannot be used again")
			}
			if len(m.header) != 0 || m.answer.Header != nil || m.x.Exchange != nil {
				t.Error("something is left")
			}
			if status[:3] == "200" && want[7] == 'A' && value != "2" {
				t.Errorf("a string has become %q", value)
			}
		}
	}
}

func TestMemoryThatSomethingMayStillUseIsNotUsedAgain(t *testing.T) {
	c := newServer(t, func(s *server) {
		for r, _ := s.request(); r != nil; r, _ = s.request() {
			s.say(ok+"Content-Length: 2\r\n\r\n", "hi")
		}
	})
	var m Memory
	res, err := c.RoundTrip(&Exchange{Request: get(t), Memory: &m})
	if err != nil {
		t.Fatal(err)
	}
	if m.Reclaim() {
		t.Error("its body is still to be read")
	}
	_ = res.Body.Close()
	if !m.Reclaim() {
		t.Error("the body has been closed")
	}
	if _, err := c.RoundTrip(&Exchange{Request: get(t), Memory: &m}); !errors.Is(err, ErrClosed) || m.Reclaim() {
		t.Errorf("%v: an exchange that failed may have left something behind", err)
	}
	c = newServer(t, func(s *server) {
		s.request()
		s.say(ok + "Content-Length: 0\r\n\r\n")
	})
	var other Memory
	_, _, err = fetch(c, &Exchange{Request: request(t, http.MethodPost, 5), Body: strings.NewReader("hello"), Memory: &other})
	if err != nil || other.Reclaim() {
		t.Errorf("%v: its body may still be read", err)
	}
}
