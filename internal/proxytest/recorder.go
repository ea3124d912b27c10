package proxytest

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
)

// Reply is what a [Recorder] answers.
type Reply struct {
	// Raw is sent as it stands.
	Raw string
	// Close ends the connection after Raw.
	Close bool
	// Do takes the connection over after Raw; it is closed when Do returns.
	// The reader holds what was read already.
	Do func(c net.Conn, r *bufio.Reader)
}

// OK is an answer of 200 with a body of two bytes.
const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

// Text is an answer of 200 with that body and those header lines.
func Text(body string, lines ...string) Reply {
	h := ""
	for _, l := range lines {
		h += l + "\r\n"
	}
	return Reply{Raw: "HTTP/1.1 200 OK\r\n" + h + "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body}
}

// Recorder is a backend that reads requests as strictly as RFC 9112 allows,
// keeps every byte of them, and answers as it is told.
type Recorder struct {
	// Addr is where it listens, host:port.
	Addr string
	// URL is http:// and Addr.
	URL string
	// Early, where it is set before the first request, answers when the head of a
	// request was read, and its body is read behind that; or not at all, where it
	// says Close. An empty Reply leaves the request to what answers the others.
	Early func(head *Recorded) Reply

	answer func(*Recorded) Reply
	l      net.Listener
	served sync.WaitGroup

	mu       sync.Mutex // guards what follows
	conns    map[net.Conn]bool
	accepted int
	busy     int
	requests []*Recorded
}

// NewRecorder starts a recorder that ends with the test. answer is called once
// the body of a request was read; nil answers all with [OK]. An empty Reply
// closes the connection without an answer.
func NewRecorder(t testing.TB, answer func(*Recorded) Reply) *Recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting a recorder: %v", err)
	}
	if answer == nil {
		answer = func(r *Recorded) Reply { return Reply{Raw: forMethod(r, OK)} }
	}
	r := &Recorder{Addr: l.Addr().String(), URL: "http://" + l.Addr().String(), answer: answer, l: l, conns: map[net.Conn]bool{}}
	r.served.Go(r.accept)
	t.Cleanup(r.Close)
	return r
}

// Close ends the recorder and all its connections, and waits for them.
func (r *Recorder) Close() {
	_ = r.l.Close() // it may be closed already
	r.CloseConns()
	r.served.Wait()
}

// CloseConns closes every connection that is open now.
func (r *Recorder) CloseConns() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close() // its reader sees it
	}
}

// Requests returns what arrived so far, complete or not, in the order of
// arrival.
func (r *Recorder) Requests() []*Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*Recorded, 0, len(r.requests))
	for _, q := range r.requests {
		c := *q
		out = append(out, &c)
	}
	return out
}

// Reset forgets what arrived so far.
func (r *Recorder) Reset() { r.Take() }

// Take returns what arrived since it was called last, and forgets it.
func (r *Recorder) Take() []*Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

// Accepted counts the connections so far.
func (r *Recorder) Accepted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepted
}

// Busy counts the requests of which a byte was read, and that are neither
// answered nor given up yet.
func (r *Recorder) Busy() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy
}

func (r *Recorder) accept() {
	for {
		c, err := r.l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.accepted++
		n := r.accepted
		r.conns[c] = true
		r.mu.Unlock()
		r.served.Go(func() {
			r.serve(c, n)
			_ = c.Close() // the peer may have closed it
			r.mu.Lock()
			delete(r.conns, c)
			r.mu.Unlock()
		})
	}
}

// serve reads and answers the requests of one connection.
func (r *Recorder) serve(c net.Conn, n int) {
	src := bufio.NewReaderSize(c, 64<<10)
	for seq := 1; ; seq++ {
		if _, err := src.Peek(1); err != nil {
			return
		}
		r.mu.Lock()
		r.busy++
		r.mu.Unlock()
		more := r.one(c, src, &Recorded{Conn: n, Seq: seq})
		r.mu.Lock()
		r.busy--
		r.mu.Unlock()
		if !more {
			return
		}
	}
}

// one reads and answers one request and reports whether another may follow.
func (r *Recorder) one(c net.Conn, src *bufio.Reader, rec *Recorded) bool {
	answered, err := r.read(c, src, rec)
	if err != nil || answered {
		return err == nil
	}
	reply := r.answer(rec)
	if _, err := c.Write([]byte(reply.Raw)); err != nil {
		return false
	}
	if reply.Do != nil {
		reply.Do(c, src)
		return false
	}
	return !reply.Close && reply.Raw != ""
}

// errLeft ends a connection whose request is not read any further.
var errLeft = errors.New("answered and left")

// read reads one request and keeps it, however far it got. answered: early.
func (r *Recorder) read(c net.Conn, src *bufio.Reader, rec *Recorded) (answered bool, err error) {
	kept := false
	keep := func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !kept {
			r.requests = append(r.requests, rec)
		}
		kept = true
	}
	defer keep()
	work := *rec
	s := &strictReader{src: src, rec: &work}
	err = s.head()
	if err == nil && strings.EqualFold(work.Get("Expect"), "100-continue") {
		_, err = c.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	if err == nil && r.Early != nil {
		reply := r.Early(&work)
		if answered = reply.Raw != ""; answered {
			_, err = c.Write([]byte(reply.Raw))
		}
		if err == nil && reply.Close {
			err = errLeft
		}
	}
	if err == nil {
		err = s.body()
	}
	work.Complete = err == nil
	if err != nil && !errors.Is(err, errFault) && len(work.Raw) == 0 {
		kept = true
	}
	*rec = work
	return answered, err
}

// forMethod takes the body off an answer to HEAD.
func forMethod(r *Recorded, raw string) string {
	if r.Method == "HEAD" {
		head, _, _ := strings.Cut(raw, "\r\n\r\n")
		return head + "\r\n\r\n"
	}
	return raw
}
