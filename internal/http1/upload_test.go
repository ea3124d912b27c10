package http1

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestABodyArrivesWhole(t *testing.T) {
	long := strings.Repeat("0123456789", 10_000)
	for _, body := range []string{"", "x", long[:uploadBuffer], long} {
		for _, length := range []int64{int64(len(body)), -1} {
			got := make(chan string, 2)
			c := newServer(t, func(s *server) {
				for r, body := s.request(); r != nil; r, body = s.request() {
					got <- body
					s.say(ok + "Content-Length: 0\r\n\r\n")
				}
			})
			for _, src := range []io.Reader{strings.NewReader(body), iotest.DataErrReader(strings.NewReader(body))} {
				if _, _, err := fetch(c, &Exchange{Request: request(t, "POST", length), Body: src}); err != nil {
					t.Fatal(err)
				}
				if b := <-got; b != body {
					t.Errorf("%d of %d bytes arrived", len(b), len(body))
				}
				if !c.Reusable() {
					t.Error("not reusable")
				}
			}
		}
	}
}

// The server may answer before we know that the last byte has left.
func TestAnAnswerToTheLastByteIsNotEarly(t *testing.T) {
	for _, text := range []string{"", "hello"} {
		synctest.Test(t, func(t *testing.T) {
			c := newServer(t, func(s *server) {
				s.request()
				s.say(ok + "Content-Length: 0\r\n\r\n")
			})
			body := newGate(io.EOF)
			go func() {
				if text != "" {
					body.parts <- text
				}
				time.Sleep(settlePatience / 2)
				close(body.parts)
			}()
			_, _, err := fetch(c, &Exchange{Request: request(t, "POST", int64(len(text))), Body: body})
			if err != nil || !c.Reusable() {
				t.Errorf("%v, reusable %v", err, c.Reusable())
			}
		})
	}
}

func TestTrailersThatTheBodyBringsAreSent(t *testing.T) {
	r := request(t, "POST", -1)
	r.Trailer = http.Header{"Sum": nil}
	var got string
	c := newServer(t, func(s *server) {
		got = s.head()
		for !strings.HasSuffix(got, "\r\n0\r\nSum: 7\r\n\r\n") {
			b, err := s.br.ReadByte()
			if err != nil {
				return
			}
			got += string(b)
		}
		s.say(ok + "Content-Length: 0\r\n\r\n")
	})
	body := io.MultiReader(strings.NewReader("abc"), readerFunc(func([]byte) (int, error) {
		r.Trailer["Sum"] = []string{"7"}
		r.Trailer["Content-Length"] = []string{"9"} // nobody's business there
		return 0, io.EOF
	}))
	if _, _, err := fetch(c, &Exchange{Request: r, Body: body}); err != nil {
		t.Fatalf("%v after %q", err, got)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Whatever the client does wrong, the server must not see a whole request.
func TestABrokenBodyIsNeverEnded(t *testing.T) {
	broken := func(s string, err error) io.Reader {
		return io.MultiReader(strings.NewReader(s), iotest.ErrReader(err))
	}
	for _, tc := range []struct {
		name    string
		length  int64
		body    io.Reader
		trailer string
		client  bool
		nothing bool // is sent
	}{
		{"short", 5, strings.NewReader("abc"), "", true, false},
		{"long", 2, strings.NewReader("abc"), "", true, true},
		{"failing", 5, broken("abc", &BodyError{errTest}), "", true, false},
		{"failing, chunked", -1, broken("abc", &BodyError{errTest}), "", true, false},
		{"failing in another way", -1, broken("abc", errTest), "", false, false},
		{"failing at once", -1, iotest.ErrReader(errTest), "", false, true},
		{"timing out", -1, broken("abc", &BodyError{iotest.ErrTimeout}), "", true, false},
		{"spoilt trailer", -1, strings.NewReader("abc"), "a\r\nb: c", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var after string
			done := make(chan struct{})
			c := newServer(t, func(s *server) {
				defer close(done)
				s.head()
				after = s.drain()
			})
			r := request(t, "POST", tc.length)
			if tc.trailer != "" {
				r.Trailer = http.Header{"Sum": {tc.trailer}}
			}
			e := mustFail(t, c, &Exchange{Request: r, Body: tc.body, Response: time.Minute})
			var client *BodyError
			if errors.As(e, &client) != tc.client || e.Timeout || e.Unprocessed || e.Sent == tc.nothing || e.Seen {
				t.Errorf("got %+v", e)
			}
			<-done
			if strings.Contains(after, "0\r\n") || tc.length >= 0 && len(after) >= int(tc.length) {
				t.Errorf("the server saw a whole request: %q", after)
			}
		})
	}
}

func TestAServerThatTakesNoMoreOfTheBodyIsStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.head()
			_, _ = io.CopyN(io.Discard, s.br, 5000)
		})
		began := time.Now()
		e := mustFail(t, c, &Exchange{
			Request: request(t, "POST", -1), Body: bytes.NewReader(make([]byte, 1<<20)),
			BodyIdle: 5 * time.Second, Response: time.Second,
		})
		// Twice the limit, since the first one saw some progress.
		if !e.Timeout || !errors.Is(e, errStalled) || e.Seen || time.Since(began) != 10*time.Second {
			t.Errorf("after %v: %+v", time.Since(began), e)
		}
	})
}

func TestASlowServerThatMakesProgressIsNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.head()
			b := make([]byte, 100)
			n, _ := s.br.Discard(s.br.Buffered()) // came with the head
			for n < 10_000 {                      // a piece takes minutes
				time.Sleep(4 * time.Second)
				m, err := s.Read(b)
				if n += m; err != nil {
					return
				}
			}
			s.say(ok + "Content-Length: 0\r\n\r\n")
		})
		if _, _, err := fetch(c, &Exchange{
			Request: request(t, "POST", 10_000), Body: bytes.NewReader(make([]byte, 10_000)), BodyIdle: 5 * time.Second,
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestASlowClientIsNotTheServersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.request()
			s.say(ok + "Content-Length: 0\r\n\r\n")
		})
		body := newGate(io.EOF)
		go func() {
			for range 5 {
				time.Sleep(time.Hour)
				body.parts <- "x"
			}
			close(body.parts)
		}()
		x := &Exchange{
			Request: request(t, "POST", 5), Body: body,
			BodyIdle: time.Second, Response: time.Second, Suspect: time.Millisecond,
			OnSuspect: func() time.Duration { t.Error("the server is suspected"); return 0 },
		}
		if _, _, err := fetch(c, x); err != nil || !c.Reusable() {
			t.Errorf("%v, reusable %v", err, c.Reusable())
		}
	})
}

func TestAnEarlyAnswerIsSeenAtOnceAndCostsTheConnection(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong",
		"HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlong\r\n0\r\n\r\n",
	} {
		body := newGate(io.EOF)
		c := newServer(t, func(s *server) {
			s.head()
			s.say(answer)
		})
		res, text, err := fetch(c, &Exchange{Request: request(t, "POST", 100), Body: body})
		if err != nil || res.StatusCode != 413 || text != "long" {
			t.Errorf("%v, %q", err, text)
		}
		if c.Reusable() {
			t.Error("reusable")
		}
		close(body.parts)
	}
}

// Both directions at once: the answer begins, and the request goes on.
func TestAnEarlyAnswerDoesNotEndTheUpload(t *testing.T) {
	body := newGate(io.EOF)
	c := newServer(t, func(s *server) {
		s.head()
		s.say(ok + "Transfer-Encoding: chunked\r\n\r\n")
		for range 3 { // chunks of one byte
			chunk := make([]byte, len("1\r\nx\r\n"))
			_, _ = io.ReadFull(s.br, chunk)
			s.say(string(chunk))
		}
		_, _ = io.ReadFull(s.br, make([]byte, len("0\r\n\r\n")))
		s.say("0\r\n\r\n")
	})
	res, err := c.RoundTrip(&Exchange{Request: request(t, "POST", -1), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	for _, part := range []string{"a", "b", "c"} {
		body.parts <- part
		if n, err := res.Body.Read(b); err != nil || string(b[:n]) != part {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
	close(body.parts)
	if _, err := res.Body.Read(b); err != io.EOF {
		t.Errorf("%v in place of the end", err)
	}
	if c.Reusable() {
		t.Error("an answer that came early was trusted with the connection")
	}
}

// The end of an upload starts the clock of the wait for a head; that must not
// touch an answer that is there.
func TestTheEndOfAnUploadDoesNotHurryTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := newGate(io.EOF)
		c := newServer(t, func(s *server) {
			s.head()
			s.say(ok + "Content-Length: 2\r\n\r\na")
			_, _ = io.ReadFull(s.br, make([]byte, 5))
			time.Sleep(time.Minute)
			s.say("b")
		})
		res, err := c.RoundTrip(&Exchange{
			Request: request(t, "POST", 5), Body: body, BodyIdle: time.Hour,
			Response: time.Second, Suspect: time.Millisecond, OnSuspect: func() time.Duration { t.Error("suspected"); return 0 },
		})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			body.parts <- "hello"
			close(body.parts)
		}()
		if all, err := io.ReadAll(res.Body); err != nil || string(all) != "ab" {
			t.Errorf("%q, %v", all, err)
		}
	})
}

func TestAnUploadThatStallsDoesNotCutTheAnswerThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.head()
			s.say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\n")
			for _, b := range []string{"a", "b", "c"} {
				time.Sleep(4 * time.Second)
				s.say(b)
			}
		})
		body := bytes.NewReader(make([]byte, 1<<20))
		_, text, err := fetch(c, &Exchange{Request: request(t, "POST", 1<<20), Body: body, BodyIdle: 5 * time.Second})
		if err != nil || text != "abc" || c.Reusable() {
			t.Errorf("%q, %v", text, err)
		}
	})
}

func TestAClientThatFailsDuringTheAnswerCutsTheRequest(t *testing.T) {
	body := newGate(&BodyError{errTest})
	after := make(chan string, 1)
	c := newServer(t, func(s *server) {
		s.head()
		s.say(ok + "Content-Length: 5\r\n\r\n")
		after <- s.drain()
	})
	res, err := c.RoundTrip(&Exchange{Request: request(t, "POST", -1), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	close(body.parts)
	_, err = io.ReadAll(res.Body)
	if e := asError(t, err); !errors.Is(e, errTest) || e.Phase != PhaseBody || e.Timeout {
		t.Errorf("got %+v", e)
	}
	if got := <-after; got != "" {
		t.Errorf("the server got %q", got)
	}
}

// A refusal that came before the request could be sent is worth more than the
// error of sending.
func TestAnAnswerThatIsThereIsReadThoughWritingFails(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	c := NewClientConn(&deaf{Conn: near, after: 10})
	defer func() { _ = c.Close() }()
	go func() {
		s := &server{Conn: far}
		_, _ = io.ReadFull(far, make([]byte, 10))
		s.say("HTTP/1.1 431 Too Large\r\nContent-Length: 2\r\n\r\nno")
	}()
	res, body, err := fetch(c, &Exchange{Request: request(t, "POST", 3), Body: strings.NewReader("abc")})
	if err != nil || res.StatusCode != 431 || body != "no" || c.Reusable() {
		t.Errorf("%v, %q, reusable %v", err, body, c.Reusable())
	}
}

// deaf takes some bytes, and then fails.
type deaf struct {
	net.Conn
	after int
}

func (d *deaf) Write(p []byte) (int, error) {
	n := min(d.after, len(p))
	d.after -= n
	if n > 0 {
		_, _ = d.Conn.Write(p[:n])
	}
	return n, errTest
}

func TestNothingIsSentWhereTheFirstWriteFails(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	c := NewClientConn(&deaf{Conn: near})
	e := mustFail(t, c, &Exchange{Request: get(t)})
	if !e.Unprocessed || e.Phase != PhaseWrite || !errors.Is(e, errTest) {
		t.Errorf("got %+v", e)
	}
}
