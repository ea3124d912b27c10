package http1

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// deadlines counts how often a deadline is set.
type deadlines struct {
	*net.TCPConn
	reads, writes int
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.reads++
	return d.TCPConn.SetReadDeadline(t)
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.writes++
	return d.TCPConn.SetWriteDeadline(t)
}

func TestARequestThatComesWholeSetsNoDeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	d := &deadlines{TCPConn: nc.(*net.TCPConn)}
	s := patient(ServerOptions{
		Idle: time.Hour, Header: time.Hour, Write: time.Hour,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			_ = control.SetReadDeadline(time.Now().Add(time.Hour))
			_ = control.SetWriteDeadline(time.Now().Add(time.Hour))
			_, _ = io.WriteString(w, "hello")
		}),
	}, time.Hour)
	done := make(chan struct{})
	go func() { s.ServeConn(d, nil); close(done) }()
	p := make([]byte, 1000)
	for range 100 {
		_, _ = io.WriteString(c, get11)
		if _, err := c.Read(p); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close()
	<-done
	if d.reads > 3 || d.writes > 3 {
		t.Errorf("%d read and %d write deadlines were set for 100 requests", d.reads, d.writes)
	}
}

// A deadline that is near is set, even where a later one is in force, and one
// that is far takes the place of a near one.
func TestDeadlinesComeInTime(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	l := &serverLimits{nc: near}
	now := time.Now()
	l.read(now.Add(time.Hour), anytime)
	l.read(now.Add(time.Minute), anytime)
	if !l.readSet.Equal(now.Add(time.Minute)) {
		t.Error("a near deadline was not set")
	}
	l.read(now.Add(time.Hour), anytime)
	if !l.readSet.Equal(now.Add(time.Minute)) {
		t.Error("a deadline that comes too early was not left alone")
	}
	l.read(now.Add(time.Hour), time.Second)
	if !l.readSet.Equal(now.Add(time.Hour)) {
		t.Error("a deadline that comes far too early was left alone")
	}
	l.read(noDeadline, 0)
	if l.over() || !l.readSet.IsZero() {
		t.Error("without a limit, reading is over")
	}
	l.wake()
	if !l.over() {
		t.Error("woken, reading is not over")
	}
	l.rest()
	l.read(now.Add(time.Hour), anytime)
	if l.over() || !l.readSet.Equal(now.Add(time.Hour)) {
		t.Error("rested, reading is over")
	}

	l.ownWrite(now, time.Hour)
	l.ownWrite(now.Add(time.Minute), time.Hour)
	if !l.writeSet.Equal(now.Add(time.Hour)) {
		t.Error("a deadline that comes little too early was not left alone")
	}
	l.ownWrite(now.Add(time.Hour/2), time.Hour)
	if !l.writeSet.Equal(now.Add(time.Hour + time.Hour/2)) {
		t.Error("a deadline that comes too early was left alone")
	}
	l.handlersWrite()
	if !l.writeSet.IsZero() {
		t.Error("the server's deadline hits the handler")
	}
	_ = l.handlerWrite(now.Add(time.Minute))
	l.handlersWrite()
	l.ownWrite(now, time.Hour)
	if !l.writeSet.Equal(now.Add(time.Minute)) {
		t.Error("the handler's deadline was moved")
	}
	l.turnEnds()
	l.ownWrite(now, 0)
	if !l.writeSet.IsZero() {
		t.Error("the handler's deadline outlives its answer")
	}
}
