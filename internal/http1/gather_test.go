package http1

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// atHand is a body that is there as a whole, or says so.
type atHand struct {
	io.Reader
	rest string
	err  error // after rest
}

func (a *atHand) Buffered() ([]byte, bool) { return []byte(a.rest), true }

func (a *atHand) Read(p []byte) (int, error) {
	n := copy(p, a.rest)
	if a.rest = a.rest[n:]; a.rest == "" && n == 0 {
		return 0, a.err
	}
	return n, nil
}

// oneWrite serves a request and returns how many writes it took.
func oneWrite(t *testing.T, pair func(testing.TB) (near, far net.Conn), x *Exchange) (body string, c *ClientConn, err error) {
	t.Helper()
	near, far := pair(t)
	c, s := NewClientConn(near), newScript(far)
	t.Cleanup(func() { _ = c.Close() })
	got := make(chan string, 1)
	go func() {
		r, text := s.request()
		if r != nil {
			s.say(ok + "Content-Length: 2\r\n\r\nhi")
		}
		got <- text
	}()
	if _, _, err = fetch(c, x); err != nil {
		_ = far.Close()
	}
	return <-got, c, err
}

func TestABodyAtHandGoesWithItsHead(t *testing.T) {
	for kind, pair := range pairs {
		for name, text := range map[string]string{"short": "hello", "long": strings.Repeat("x", uploadBuffer)} {
			for _, spooled := range []bool{false, true} {
				t.Run(name+" "+kind, func(t *testing.T) {
					var body io.Reader = &atHand{rest: text, err: io.EOF}
					spool := NewSpool(body, 64<<10)
					if spooled {
						body, _ = spool.Attempt()
					}
					var m Memory
					r := request(t, http.MethodPost, int64(len(text)))
					got, c, err := oneWrite(t, pair, &Exchange{Request: r, Body: body, Memory: &m})
					if err != nil || got != text || !c.Reusable() {
						t.Fatalf("%d bytes, %v, reusable %v", len(got), err, c.Reusable())
					}
					if m.x.upload != nil || !m.Reclaim() {
						t.Error("a goroutine has sent it")
					}
					if !spooled {
						return
					}
					if !spool.Complete() || !spool.Replayable() {
						t.Error("it cannot be sent again")
					}
					again, _ := spool.Attempt()
					got, _, err = oneWrite(t, pair, &Exchange{Request: r, Body: again, Memory: &m})
					if err != nil || got != text || m.x.upload != nil {
						t.Errorf("again: %d bytes, %v", len(got), err)
					}
				})
			}
		}
	}
}

// What is not as it was said to be is never sent as a whole request.
func TestABodyAtHandMustBeWhatWasSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		length int64
		body   atHand
		want   error
	}{
		"shorter than it says":    {9, atHand{rest: "hello", err: io.EOF}, io.ErrUnexpectedEOF},
		"longer than it says":     {3, atHand{rest: "hello", err: io.EOF}, nil},
		"fails at the end":        {5, atHand{rest: "hello", err: errTest}, errTest},
		"ends before it has said": {5, atHand{rest: "hello", err: io.ErrUnexpectedEOF}, io.ErrUnexpectedEOF},
	} {
		for kind, pair := range pairs {
			t.Run(name+" "+kind, func(t *testing.T) {
				body := tc.body
				got, c, err := oneWrite(t, pair, &Exchange{Request: request(t, http.MethodPost, tc.length), Body: &body})
				if e := failure(err); e == nil || tc.want != nil && !errors.Is(err, tc.want) || c.Reusable() {
					t.Errorf("got %v, reusable %v", err, c.Reusable())
				}
				if got != "" {
					t.Errorf("the server took %q", got)
				}
			})
		}
	}
}

func TestABodyThatWaitsForA100IsNotSentWithTheHead(t *testing.T) {
	c := newServer(t, func(s *server) {
		if h := s.head(); !strings.Contains(h, "Expect: 100-continue\r\n") {
			t.Errorf("got %q", h)
		}
		s.say("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
		if rest := s.drain(); rest != "" {
			t.Errorf("then %q", rest)
		}
	})
	r := request(t, http.MethodPost, 5)
	r.Header = http.Header{"Expect": {"100-continue"}}
	if res, _, err := fetch(c, &Exchange{Request: r, Body: &atHand{rest: "hello", err: io.EOF}}); err != nil || res.StatusCode != 417 {
		t.Error(err)
	}
}

// A spool knows what it has, and what its source says.
func TestWhatASpoolHasAtHand(t *testing.T) {
	s := NewSpool(&atHand{rest: "hello", err: io.EOF}, 3)
	r, _ := s.Attempt()
	if rest, all := r.Buffered(); string(rest) != "hello" || !all {
		t.Errorf("%q, %v", rest, all)
	}
	if got, err := io.ReadAll(r); string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, all := r.Buffered(); all {
		t.Error("past its limit it cannot know")
	}
	s = NewSpool(&atHand{rest: "hello", err: io.EOF}, 9)
	r, _ = s.Attempt()
	_, _ = r.Read(make([]byte, 2))
	if _, all := r.Buffered(); all {
		t.Error("in the midst of it, it cannot know")
	}
	_, _ = io.ReadAll(r)
	if rest, all := r.Buffered(); len(rest) != 0 || !all {
		t.Errorf("at the end %q, %v", rest, all)
	}
	again, _ := s.Attempt()
	if rest, all := again.Buffered(); string(rest) != "hello" || !all {
		t.Errorf("from the first byte %q, %v", rest, all)
	}
	if _, all := r.Buffered(); all {
		t.Error("one that is superseded reads nothing")
	}
	s = NewSpool(strings.NewReader("hello"), 9)
	if r, _ = s.Attempt(); func() bool { _, all := r.Buffered(); return all }() {
		t.Error("its source does not say")
	}
}
