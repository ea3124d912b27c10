package http1

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pen notes each write, and fails from the one that after counts on.
type pen struct {
	mu    sync.Mutex // guards wrote
	wrote []string
	after int // 0: never
}

func (w *pen) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.after > 0 && len(w.wrote) >= w.after-1 {
		return 0, errTest
	}
	w.wrote = append(w.wrote, string(p))
	return len(p), nil
}

func failure(err error) *Error {
	var e *Error
	_ = errors.As(err, &e) // else it is nil
	return e
}

// copied does an exchange and has the body written to w.
func copied(c *ClientConn, x *Exchange, w io.Writer) error {
	res, err := c.RoundTrip(x)
	if err != nil {
		return err
	}
	_, err = res.Body.(io.WriterTo).WriteTo(w)
	return err
}

func FuzzWriteToGivesWhatReadDoes(f *testing.F) {
	for _, tc := range good {
		f.Add([]byte(tc.answer))
	}
	for _, body := range badBodies {
		f.Add([]byte(ok + "Transfer-Encoding: chunked\r\n\r\n" + body))
	}
	f.Add([]byte(ok + "Content-Length: 9\r\n\r\nshort"))
	f.Add([]byte(ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, dial := range []func([]byte) *ClientConn{newRecording, newDribble} {
			read, wrote := dial(answer), dial(answer)
			res, body, err := fetch(read, &Exchange{Request: get(t)})
			var got bytes.Buffer
			gotErr := copied(wrote, &Exchange{Request: get(t)}, &got)
			if (err == nil) != (gotErr == nil) || err != nil && err.Error() != gotErr.Error() {
				t.Fatalf("%q: read %v, written %v", answer, err, gotErr)
			}
			if res != nil && body != got.String() || read.Reusable() != wrote.Reusable() {
				t.Fatalf("%q: read %q, written %q; reusable %v and %v", answer, body, got.String(), read.Reusable(), wrote.Reusable())
			}
		}
	})
}

func TestALongBodyIsWrittenWhole(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 40_000)
	for name, answer := range map[string]string{
		"length":  "Content-Length: 640000\r\n\r\n" + body,
		"chunked": "Transfer-Encoding: chunked\r\n\r\n9c400\r\n" + body + "\r\n0\r\n\r\n",
		"to end":  "\r\n" + body,
	} {
		for kind, pair := range pairs {
			t.Run(name+" "+kind, func(t *testing.T) {
				near, far := pair(t)
				c, s := NewClientConn(near), newScript(far)
				go func() {
					s.head()
					s.say(ok + answer)
					if name == "to end" {
						_ = s.Close()
					}
				}()
				var got bytes.Buffer
				if err := copied(c, &Exchange{Request: get(t), BodyIdle: time.Minute}, &got); err != nil || got.String() != body {
					t.Errorf("%d bytes, %v", got.Len(), err)
				}
				if c.Reusable() != (name != "to end") {
					t.Errorf("reusable %v", c.Reusable())
				}
			})
		}
	}
}

// Each write of a stream's is sent on, so that chunks that came together had
// better go on together, and none may wait for another.
func TestChunksAreWrittenAsTheyCome(t *testing.T) {
	for _, tc := range []struct {
		say, want []string
	}{
		{[]string{"2\r\nab\r\n", "2\r\ncd\r\n", "0\r\n\r\n"}, []string{"ab", "cd"}},
		{[]string{"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"}, []string{"abcd"}},
		{[]string{"2\r\nab\r\n2\r\ncd\r\n", "0\r\n\r\n"}, []string{"abcd"}},
		{[]string{"2\r\nab\r\n2\r\ncd\r\n0\r\n", "\r\n"}, []string{"abcd"}},
		{[]string{"2\r\nab\r\n2\r\ncd\r\n0\r\nA: b\r\n", "\r\n"}, []string{"abcd"}},
		{[]string{"2\r\nab", "\r\n2\r\ncd", "\r\n0\r\n\r\n"}, []string{"ab", "cd"}},
		{[]string{"2\r\nab\r", "\n2", "\r\n", "c", "d", "\r\n0\r\n\r\n"}, []string{"ab", "c", "d"}},
		{[]string{"4\r\nab", "cd\r\n2;x\r\nef\r\n00\r\n\r\n"}, []string{"ab", "cdef"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var w pen
			c := newServer(t, func(s *server) {
				s.head()
				s.say(ok + "Transfer-Encoding: chunked\r\n\r\n")
				for i, part := range tc.say {
					time.Sleep(time.Second)
					s.say(part)
					synctest.Wait()
					w.mu.Lock()
					if i == 0 && (len(w.wrote) == 0 || w.wrote[0] != tc.want[0]) {
						t.Errorf("%q: %q at once", tc.say, w.wrote)
					}
					w.mu.Unlock()
				}
			})
			if err := copied(c, &Exchange{Request: get(t)}, &w); err != nil || !slices.Equal(w.wrote, tc.want) || !c.Reusable() {
				t.Errorf("%q became %q, %v", tc.say, w.wrote, err)
			}
		})
	}
}

func TestAWriterThatFailsEndsTheCopy(t *testing.T) {
	long := strings.Repeat("x", 3*pieceSize)
	for name, tc := range map[string]struct {
		body     string
		after    int
		reusable bool // since the answer was read whole
	}{
		"short": {"hello", 1, true}, "long": {long, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPair(t)
			c, s := NewClientConn(near), newScript(far)
			go func() {
				s.head()
				s.say(ok + "Content-Length: " + strconv.Itoa(len(tc.body)) + "\r\n\r\n" + tc.body)
			}()
			res, err := c.RoundTrip(&Exchange{Request: get(t)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := res.Body.(io.WriterTo).WriteTo(&pen{after: tc.after}); err != errTest { //nolint:errorlint // the very one
				t.Errorf("got %v", err)
			}
			if _ = res.Body.Close(); c.Reusable() != tc.reusable {
				t.Errorf("reusable %v", c.Reusable())
			}
		})
	}
}

// The end of the connection is the end of the body, but a reset is not.
func TestAResetIsNoEndOfABody(t *testing.T) {
	near, far := tcpPair(t)
	c, s := NewClientConn(near), newScript(far)
	read := make(chan struct{})
	go func() {
		s.head()
		s.say(ok + "\r\n" + "part")
		<-read
		_ = tcp(s.Conn).SetLinger(0)
		_ = tcp(s.Conn).Close()
	}()
	err := copied(c, &Exchange{Request: get(t)}, writerFunc(func() { close(read) }))
	if e := failure(err); e == nil || !errors.Is(e, syscall.ECONNRESET) || e.Phase != PhaseBody {
		t.Errorf("got %v", err)
	}
}

// writerFunc is called for each write.
type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestALimitOfAWrittenBodyHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		c, s := NewClientConn(near), newScript(far)
		go func() {
			s.head()
			s.say(ok+"Content-Length: 9\r\n\r\n", "part")
		}()
		began := time.Now()
		err := copied(c, &Exchange{Request: get(t), BodyIdle: 8 * time.Second}, io.Discard)
		if e := failure(err); e == nil || !e.Timeout || time.Since(began) != 8*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
