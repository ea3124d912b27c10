package proxytest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFaultyBackendsBreakOffWhereTheySay(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
	for _, c := range []struct {
		name  string
		start func(testing.TB) *Faulty
		read  int64
		rest  string
	}{
		{"accepts and closes", AcceptAndClose, 0, ""},
		{"reads and closes", ReadAndClose, 1, ""},
		{"half a header", HalfHeader, 1, "HTTP/1.1 200 OK\r\nContent-Type: te"},
	} {
		t.Run(c.name, func(t *testing.T) {
			CheckLeaks(t)
			f := c.start(t)
			raw := DialRaw(t, f.Addr)
			raw.Send(post)
			rest, closed := raw.Rest(patience)
			if rest != c.rest || !closed || f.Read.Load() != c.read || f.Accepted.Load() != 1 {
				t.Errorf("rest %q, closed %v, read %d, accepted %d", rest, closed, f.Read.Load(), f.Accepted.Load())
			}
		})
	}
}

func TestRefusingRefuses(t *testing.T) {
	if _, err := net.Dial("tcp", Refusing(t)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("dialling: %v", err)
	}
}

func TestSilentAndFrozenNeverAnswer(t *testing.T) {
	silent := Silent(t)
	for _, addr := range []string{silent.Addr, Frozen(t)} {
		c := DialRaw(t, addr)
		c.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if rest, closed := c.Rest(100 * time.Millisecond); rest != "" || closed {
			t.Errorf("rest %q, closed %v", rest, closed)
		}
	}
}

func TestClosesIdleClosesAfterItsTime(t *testing.T) {
	addr := ClosesIdle(t, 20*time.Millisecond, http.NotFoundHandler())
	c := DialRaw(t, addr)
	c.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 404 {
		t.Fatalf("%v %v", a, err)
	}
	if !c.Closed(patience) {
		t.Error("the connection stays open")
	}
}

func TestRawTellsABodyThatWasCut(t *testing.T) {
	f := AnswerAndClose(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
	c := DialRaw(t, f.Addr)
	c.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || !errors.Is(a.Err, io.ErrUnexpectedEOF) || a.Body != "abc" {
		t.Errorf("%v %v", a, err)
	}
}
