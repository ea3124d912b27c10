package tunnel

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"
)

// hijacker is a ResponseWriter whose Hijack gives a Conn, as a front door's does.
type hijacker struct {
	http.ResponseWriter
	backend *io.Closer
	opened  chan *Conn
	ended   chan Stats
}

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	buffered, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	c := New(nc, bytes.Clone(buffered), Options{
		Idle: time.Minute, WebSocket: true, Backend: *h.backend, OnClose: func(s Stats) { h.ended <- s },
	})
	h.opened <- c
	return c, c.ReadWriter(), nil
}

// echo is a backend that sends each message back and answers a Close frame.
func echo(w http.ResponseWriter, r *http.Request) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer nc.Close()
	_, _ = nc.Write([]byte(head)) // a failure shows at the client
	var got []byte
	buf := make([]byte, 1000)
	for {
		n, err := rw.Read(buf)
		got = append(got, buf[:n]...)
		all, rest, _ := parseFrames(got)
		got = rest
		for _, f := range all {
			_, _ = nc.Write(appendFrame(nil, 0x80|f.opcode, false, 0, f.payload))
			if !f.masked || f.opcode == opClose {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func TestUnderReverseProxy(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(echo))
	defer back.Close()
	target, err := url.Parse(back.URL)
	if err != nil {
		t.Fatal(err)
	}
	opened, ended := make(chan *Conn, 1), make(chan Stats, 1)
	returned := make(chan struct{}, 1)
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var backend io.Closer
		proxy := &httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
			ModifyResponse: func(res *http.Response) error { backend = res.Body; return nil },
		}
		proxy.ServeHTTP(hijacker{w, &backend, opened, ended}, r)
		returned <- struct{}{}
	}))
	defer front.Close()

	hello := appendFrame(nil, 0x81, true, 0, []byte("hello"))
	for name, end := range map[string]func(client *tls.Conn, c *Conn) string{
		CauseGoAway: func(client *tls.Conn, c *Conn) string {
			c.GoAway(1001, "stopping")
			return "stopping"
		},
		CauseOK: func(client *tls.Conn, c *Conn) string {
			_, _ = client.Write(closeFrame(1001, "mine", true))
			return "mine"
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := front.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			client.NextProtos = nil
			nc, err := tls.Dial("tcp", front.Listener.Addr().String(), client)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			// The first message comes with the request, before there is a tunnel.
			request := "GET / HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
			feed(t, nc, append([]byte(request), hello...), 1000)
			in := bufio.NewReader(nc)
			res, err := http.ReadResponse(in, nil)
			if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("%v, %v", res, err)
			}
			feed(t, nc, hello, 2)
			got := make([]byte, 14)
			if _, err := io.ReadFull(in, got); err != nil || string(got) != "\x81\x05hello\x81\x05hello" {
				t.Fatalf("got %q, %v", got, err)
			}
			reason := end(nc, <-opened)
			if _, err := io.ReadFull(in, got[:4]); err != nil {
				t.Fatal(err)
			}
			rest := make([]byte, len(reason))
			if _, err := io.ReadFull(in, rest); err != nil || string(got[:4]) != "\x88"+string(rune(2+len(reason)))+"\x03\xe9" || string(rest) != reason {
				t.Fatalf("got %q %q, %v", got[:4], rest, err)
			}
			if name == CauseGoAway {
				feed(t, nc, closeFrame(1001, "", true), 100)
			}
			if more, err := io.ReadAll(in); len(more) > 0 || err != nil {
				t.Errorf("then %q, %v", more, err)
			}
			_ = nc.Close()
			if s := <-ended; s.Cause != name || s.BytesIn < 2*int64(len(hello)) {
				t.Errorf("stats %+v", s)
			}
			<-returned
		})
	}
}
