package http1

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A head that the socket does not take at once arrives whole all the same.
func TestALargeHeadIsPushedInPieces(t *testing.T) {
	near, far := tcpPair(t)
	c, s := NewClientConn(near), newScript(far)
	defer func() { _ = c.Close() }()
	large := strings.Repeat("x", 16<<20)
	got := make(chan string, 1)
	go func() {
		got <- s.head()
		s.say(ok + "Content-Length: 2\r\n\r\nhi")
	}()
	r := get(t)
	r.Header = http.Header{"Large": {large}}
	if _, body, err := fetch(c, &Exchange{Request: r, Response: time.Minute, BodyIdle: time.Minute}); err != nil || body != "hi" {
		t.Fatalf("%q, %v", body, err)
	}
	if head := <-got; !strings.Contains(head, "Large: "+large+"\r\n") {
		t.Errorf("%d bytes arrived", len(head))
	}
	if n := c.push.n; n == 0 || n >= len(large) {
		t.Errorf("%d bytes were pushed: this test has shown nothing", n)
	}
}

// One that begins later than its server would have been suspect is sent all the
// same, and the wait is counted from then.
func TestAHeadThatIsLateIsPushed(t *testing.T) {
	near, far := tcpPair(t)
	c, s := NewClientConn(near), newScript(far)
	defer func() { _ = c.Close() }()
	go func() {
		s.head()
		s.say(ok + "Content-Length: 2\r\n\r\nhi")
	}()
	x := &Exchange{
		Request: get(t), Response: time.Minute, BodyIdle: time.Minute,
		Begins: time.Now().Add(-2 * time.Minute), Suspect: time.Second,
	}
	if _, body, err := fetch(c, x); err != nil || body != "hi" {
		t.Fatalf("%q, %v", body, err)
	}
}

// The proof rests on it: what is counted is what the kernel has counted.
func TestWhatAnAnsweredRequestTookIsAcknowledged(t *testing.T) {
	near, far := tcpPair(t)
	c, s := warm(t, near, far)
	go func() {
		for r, _ := s.request(); r != nil; r, _ = s.request() {
			s.say(ok + "Content-Length: 2\r\n\r\nhi")
		}
	}()
	for i := range 200 {
		x := &Exchange{Request: request(t, http.MethodPost, int64(1000*i))}
		if i%2 == 1 {
			x.Body = strings.NewReader(strings.Repeat("x", 1000*i))
		}
		if _, _, err := fetch(c, x); err != nil || !c.Reusable() {
			t.Fatal(err)
		}
		counted, known := c.acknowledged()
		if kernel, _, ok := c.tcpInfo(); !ok || !known || counted != kernel {
			t.Fatalf("exchange %d: counted %d, the kernel %d", i, counted, kernel)
		}
	}
}
