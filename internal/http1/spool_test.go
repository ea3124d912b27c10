package http1

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

func mustAttempt(t *testing.T, s *Spool) *SpoolReader {
	t.Helper()
	r, ok := s.Attempt()
	if !ok {
		t.Fatal("no attempt is possible")
	}
	return r
}

func TestEachAttemptReadsFromTheFirstByte(t *testing.T) {
	s := NewSpool(strings.NewReader("hello world"), 64)
	for _, n := range []int64{5, 3, 11} {
		b := make([]byte, n)
		if _, err := io.ReadFull(mustAttempt(t, s), b); err != nil || string(b) != "hello world"[:n] {
			t.Errorf("%q, %v", b, err)
		}
	}
	if s.Complete() || !s.Replayable() || s.Read() != 11 {
		t.Errorf("complete %v, replayable %v, read %d", s.Complete(), s.Replayable(), s.Read())
	}
	for range 2 {
		if all, err := io.ReadAll(mustAttempt(t, s)); err != nil || string(all) != "hello world" {
			t.Errorf("%q, %v", all, err)
		}
		if !s.Complete() {
			t.Error("the end was not seen")
		}
	}
}

func TestPastTheLimitThereIsNoOtherAttempt(t *testing.T) {
	for _, tc := range []struct {
		body       string
		limit      int64
		replayable bool
	}{{"", 0, true}, {"a", 0, false}, {"hello", 5, true}, {"hello", 4, false}} {
		s := NewSpool(strings.NewReader(tc.body), tc.limit)
		if all, err := io.ReadAll(mustAttempt(t, s)); err != nil || string(all) != tc.body {
			t.Errorf("%q, %v", all, err)
		}
		if _, ok := s.Attempt(); ok != tc.replayable || s.Replayable() != tc.replayable {
			t.Errorf("%q with %d kept: another attempt %v", tc.body, tc.limit, ok)
		}
		if len(s.kept) > int(tc.limit) || s.Read() != int64(len(tc.body)) {
			t.Errorf("%d bytes kept of %d", len(s.kept), s.Read())
		}
	}
}

func TestTheClientsErrorIsRemembered(t *testing.T) {
	body := newGate(errTest)
	s := NewSpool(body, 64)
	go func() {
		body.parts <- "abc"
		close(body.parts)
	}()
	for range 2 {
		all, err := io.ReadAll(mustAttempt(t, s))
		var client *BodyError
		if string(all) != "abc" || !errors.As(err, &client) || !errors.Is(err, errTest) {
			t.Errorf("%q, %v", all, err)
		}
	}
	if s.Complete() {
		t.Error("a body that failed counts as complete")
	}
}

func TestASupersededReaderReadsNoMore(t *testing.T) {
	s := NewSpool(strings.NewReader("hello"), 64)
	first := mustAttempt(t, s)
	mustAttempt(t, s)
	if n, err := first.Read(make([]byte, 5)); n != 0 || !errors.Is(err, errSuperseded) {
		t.Errorf("%d, %v", n, err)
	}
	if s.Read() != 0 {
		t.Error("it took bytes from the client")
	}
}

func TestAClosedReaderReadsNoMore(t *testing.T) {
	s := NewSpool(strings.NewReader("hello"), 64)
	first := mustAttempt(t, s)
	second := mustAttempt(t, s)
	_ = first.Close() // it closes itself, not the one that took over
	if b, err := io.ReadAll(second); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	_ = second.Close()
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, errSuperseded) {
		t.Error(err)
	}
}

// What a reader was waiting for when another took over goes to that one, also
// where the limit is reached: a hole in the body would be worse than anything.
func TestAReaderThatWaitsHandsItsBytesOver(t *testing.T) {
	for name, limit := range map[string]int64{"within the limit": 64, "at the limit": 3, "over the limit": 4} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := newGate(io.EOF)
				s := NewSpool(body, limit)
				first := mustAttempt(t, s)
				go func() { body.parts <- "abc" }()
				if _, err := io.ReadFull(first, make([]byte, 3)); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error)
				go func() {
					_, err := first.Read(make([]byte, 10))
					ended <- err
				}()
				synctest.Wait() // it is in the source
				second := mustAttempt(t, s)
				var all strings.Builder
				read := make(chan error)
				go func() {
					_, err := io.Copy(&all, second)
					read <- err
				}()
				synctest.Wait() // the second one waits, too
				body.parts <- "d"
				if err := <-ended; !errors.Is(err, errSuperseded) {
					t.Error(err)
				}
				body.parts <- "ef"
				close(body.parts)
				if err := <-read; err != nil || all.String() != "abcdef" {
					t.Errorf("%q, %v", all.String(), err)
				}
				if s.Read() != 6 {
					t.Errorf("%d bytes read", s.Read())
				}
			})
		})
	}
}

func TestCloseWakesAReaderThatWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := newGate(io.EOF)
		s := NewSpool(body, 64)
		first := mustAttempt(t, s)
		go func() { _, _ = first.Read(make([]byte, 1)) }()
		synctest.Wait()
		second := mustAttempt(t, s)
		ended := make(chan error)
		go func() {
			_, err := second.Read(make([]byte, 1))
			ended <- err
		}()
		synctest.Wait()
		_ = second.Close()
		if err := <-ended; !errors.Is(err, errSuperseded) {
			t.Error(err)
		}
		close(body.parts)
	})
}

// A request that moves from server to server, while its client is slow.
func TestABodyMovesFromExchangeToExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := newGate(io.EOF)
		s := NewSpool(body, 1<<10)
		go func() { body.parts <- "hello " }()
		silent := newServer(t, func(s *server) { s.drain() })
		go func() {
			synctest.Wait()
			silent.Abort(errTest)
		}()
		if e := mustFail(t, silent, &Exchange{Request: request(t, "POST", -1), Body: mustAttempt(t, s)}); !errors.Is(e, errTest) {
			t.Fatal(e)
		}
		got := make(chan string, 1)
		c := newServer(t, func(s *server) {
			_, text := s.request()
			got <- text
			s.say(ok + "Content-Length: 0\r\n\r\n")
		})
		go func() {
			synctest.Wait()
			body.parts <- "world"
			close(body.parts)
		}()
		if _, _, err := fetch(c, &Exchange{Request: request(t, "POST", -1), Body: mustAttempt(t, s)}); err != nil {
			t.Fatal(err)
		}
		if text := <-got; text != "hello world" || !c.Reusable() {
			t.Errorf("got %q, reusable %v", text, c.Reusable())
		}
	})
}
