package admin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"sterling/proxy"
)

const patience = 30 * time.Second

// eachKind runs a scenario at both kinds of address.
func eachKind(t *testing.T, reload Reload, scenario func(t *testing.T, s *Server, c *Client, dial func() net.Conn)) {
	t.Helper()
	for _, kind := range []string{"tcp", "unix"} {
		t.Run(kind, func(t *testing.T) {
			address := "127.0.0.1:0"
			if kind == "unix" {
				address = "unix:" + filepath.Join(t.TempDir(), "s")
			}
			s := start(t, Options{Address: address, Door: door{true}, Reload: reload})
			if kind == "tcp" {
				address = s.Addr().String()
			}
			c, err := NewClient(address, "")
			if err != nil {
				t.Fatal(err)
			}
			scenario(t, s, c, func() net.Conn {
				conn, err := net.Dial(s.Addr().Network(), s.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() }) // the server may have done so
				_ = conn.SetDeadline(time.Now().Add(patience))
				return conn
			})
		})
	}
}

func TestConnectionsThatAskNothingKeepNobodyOut(t *testing.T) {
	eachKind(t, nil, func(t *testing.T, s *Server, c *Client, dial func() net.Conn) {
		// One that is kept by somebody who asks now and then.
		kept := dial()
		asks := func() {
			t.Helper()
			_, _ = io.WriteString(kept, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") // it shows in the answer
			res, err := http.ReadResponse(bufio.NewReader(kept), nil)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("over the kept connection: %v, %v", res, err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
		}
		for i := range 3 * maxConnections {
			conn := dial()
			_, _ = io.WriteString(conn, "GET /livez HT") // nothing more; it may be shut already
			if i%8 == 0 {
				asks()
				if st, err := c.Status(t.Context()); err != nil || st.Version != "v9" {
					t.Fatalf("beside %d connections: %v", i+1, err)
				}
			}
		}
		if n := s.places.count(); n > maxConnections {
			t.Errorf("there are %d connections", n)
		}
		asks()
	})
}

func TestTheOneThatGivesWayIsShut(t *testing.T) {
	var p places
	var near, far []net.Conn
	take := func() *place {
		a, b := net.Pipe()
		_ = a.SetDeadline(time.Now().Add(patience))
		near, far = append(near, a), append(far, b)
		return p.take(t.Context(), b).Value(placeKey{}).(*place)
	}
	first, second := take(), take()
	for range maxConnections - 2 {
		take()
	}
	p.begin(first)
	p.begin(second)
	p.end(second) // now it was asked last
	for i, want := range []int{2, 3, 4} {
		take()
		if n, err := near[want].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("connection %d has given way: read %d, %v", want, n, err)
		}
		if p.count() != maxConnections {
			t.Errorf("round %d: %d connections", i, p.count())
		}
	}
	for _, c := range far {
		p.give(c)
	}
	if p.count() != 0 {
		t.Errorf("%d connections are left", p.count())
	}
}

func TestWhatIsAnsweredIsNotCutForOthers(t *testing.T) {
	entered, release := make(chan struct{}, maxConnections), make(chan struct{})
	hang := func(context.Context) (proxy.Report, error) {
		entered <- struct{}{}
		<-release
		return proxy.Report{Generation: 5}, nil
	}
	eachKind(t, hang, func(t *testing.T, _ *Server, c *Client, dial func() net.Conn) {
		release = make(chan struct{})
		ended := make(chan error, maxConnections)
		for range maxConnections {
			go func() {
				_, err := c.Reload(context.Background())
				ended <- err
			}()
		}
		for range maxConnections {
			<-entered
		}
		over := dial()
		_, _ = io.WriteString(over, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") // as above
		if _, err := over.Read(make([]byte, 1)); err == nil {
			t.Error("one over the limit is answered")
		}
		close(release)
		for range maxConnections {
			if err := <-ended; err != nil {
				t.Errorf("a request that was under way: %v", err)
			}
		}
		if _, err := c.Status(t.Context()); err != nil {
			t.Errorf("when they have gone: %v", err)
		}
	})
}
