package http1

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"

func upgrade(t *testing.T) *http.Request {
	t.Helper()
	r := get(t)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	return r
}

type duplex interface {
	io.ReadWriteCloser
	CloseWrite() error
}

func TestAnUpgradeHandsTheConnectionOver(t *testing.T) {
	for _, parts := range splits(switching + "first") {
		c := newServer(t, func(s *server) {
			s.head()
			s.say(parts...)
			s.say(" then ")
			_, _ = io.Copy(s, s.br)
		})
		res, err := c.RoundTrip(&Exchange{Request: upgrade(t)})
		if err != nil {
			t.Fatal(err)
		}
		stream := res.Body.(duplex)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.WriteString(stream, "last") })
		b := make([]byte, len("first then last"))
		if _, err := io.ReadFull(stream, b); err != nil || string(b) != "first then last" {
			t.Errorf("%q: %q, %v", parts, b, err)
		}
		wg.Wait()
		if err := stream.Close(); err != nil || c.Reusable() {
			t.Errorf("%v, reusable %v", err, c.Reusable())
		}
	}
}

func TestNoLimitIsLeftOnAnUpgradedConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.head()
			s.say(switching)
			_, _ = io.Copy(s, s.br)
		})
		res, err := c.RoundTrip(&Exchange{Request: upgrade(t), Response: time.Second, BodyIdle: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		for range 2 {
			time.Sleep(time.Hour)
			if _, err := res.Body.(duplex).Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(res.Body, b); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAnUpgradeThatIsRefusedIsAnAnswer(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.head()
		s.say("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
	})
	res, body, err := fetch(c, &Exchange{Request: upgrade(t)})
	if err != nil || res.StatusCode != 426 || body != "no" || c.Reusable() {
		t.Errorf("%q, %v, reusable %v", body, err, c.Reusable())
	}
}

func TestAnAbortReachesAnUpgradedConnection(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.head()
		s.say(switching)
	})
	res, err := c.RoundTrip(&Exchange{Request: upgrade(t)})
	if err != nil {
		t.Fatal(err)
	}
	stream := res.Body.(duplex)
	read := make(chan error)
	go func() {
		_, err := stream.Read(make([]byte, 1))
		read <- err
	}()
	c.Abort(errTest)
	if err := <-read; !errors.Is(err, errTest) {
		t.Errorf("reading: %v", err)
	}
	if _, err := stream.Write([]byte("x")); !errors.Is(err, errTest) {
		t.Errorf("writing: %v", err)
	}
	if err := stream.CloseWrite(); !errors.Is(err, errTest) {
		t.Errorf("closing one side: %v", err)
	}
}

func TestCloseWriteEndsOneDirection(t *testing.T) {
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			near, far := pair(t)
			c := NewClientConn(near)
			var wg sync.WaitGroup
			wg.Go(func() {
				s := newScript(far)
				s.head()
				s.say(switching)
				s.say("got " + s.drain())
				_ = far.Close()
			})
			res, err := c.RoundTrip(&Exchange{Request: upgrade(t)})
			if err != nil {
				t.Fatal(err)
			}
			stream := res.Body.(duplex)
			if _, err := io.WriteString(stream, "all"); err != nil {
				t.Error(err)
			}
			if err := stream.CloseWrite(); err != nil {
				t.Error(err)
			}
			if b, err := io.ReadAll(stream); err != nil || string(b) != "got all" {
				t.Errorf("%q, %v", b, err)
			}
			wg.Wait()
			_ = stream.Close()
		})
	}
}

func TestCloseWriteSaysWhereItIsNotPossible(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	s := &switchedConn{x: &exchange{c: NewClientConn(near)}}
	if err := s.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	_ = s.Close()
}
