package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// holdback carries the packets between clients and the door. While it holds,
// clients hear nothing of the door, so that their handshakes cannot end, and what
// they send is early.
type holdback struct {
	*net.UDPConn
	holds atomic.Bool
}

func newHoldback(t *testing.T, door net.Addr) *holdback {
	t.Helper()
	local := func() *net.UDPConn {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	h := &holdback{UDPConn: local()}
	toDoor := local()
	to := net.UDPAddrFromAddrPort(door.(*net.TCPAddr).AddrPort())
	var client atomic.Pointer[net.UDPAddr]
	go func() { // ends when the socket is closed
		buf := make([]byte, 2048)
		for {
			n, from, err := h.ReadFromUDP(buf)
			if err != nil {
				return
			}
			client.Store(from)
			_, _ = toDoor.WriteToUDP(buf[:n], to) // lost packets come again
		}
	}()
	go func() { // as above
		buf := make([]byte, 2048)
		for {
			n, _, err := toDoor.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if !h.holds.Load() {
				_, _ = h.WriteToUDP(buf[:n], client.Load()) // as above
			}
		}
	}()
	return h
}

// back dials for a client with a session from before.
func back(t *testing.T, h *holdback, conf *tls.Config) *quic.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := quic.DialAddrEarly(ctx, h.LocalAddr().String(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseWithError(0, "") })
	return c
}

// cacheOfSessions says when it has one.
type cacheOfSessions struct {
	tls.ClientSessionCache
	put chan struct{}
}

func (c cacheOfSessions) Put(key string, s *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, s)
	if s != nil {
		c.put <- struct{}{}
	}
}

func TestEarlyData(t *testing.T) {
	seen := make(chan string, 9)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen <- fmt.Sprint(r.Method, r.Header["Early-Data"])
	}))
	t.Cleanup(s.Close)
	for _, allowed := range []bool{true, false} {
		t.Run(fmt.Sprint(allowed), func(t *testing.T) {
			r := startWith(t, strings.Replace(preamble, "http3    = true", fmt.Sprint("http3 = true\nearly_data = ", allowed), 1)+appPool(s.URL))
			h := newHoldback(t, r.Addr("front"))
			sessions := cacheOfSessions{tls.NewLRUClientSessionCache(9), make(chan struct{}, 9)}
			conf := &tls.Config{
				InsecureSkipVerify: true, ServerName: "localhost", //nolint:gosec // the certificate is not what is tested
				ClientSessionCache: sessions, NextProtos: []string{http3.NextProtoH3},
			}
			first := back(t, h, conf)
			if a := proxytest.AskH3(t, first, head("GET", "early-data", "1")); a.Status != "200" {
				t.Fatal(a)
			}
			if got := <-seen; got != "GET[]" {
				t.Errorf("not early, but the client says so: the backend saw %s", got)
			}
			<-sessions.put
			_ = first.CloseWithError(0, "")

			for _, tt := range []struct {
				name   string
				sent   [][]byte
				early  string // what the backend sees while the handshake is held up; "": nothing
				atLast string
			}{
				{"GET", [][]byte{head("GET")}, "GET[1]", ""},
				{"GET with a body", [][]byte{head("GET"), data("x")}, "", "GET[]"},
				{"POST", [][]byte{head("POST", "content-length", "0")}, "", "POST[]"},
			} {
				if !allowed {
					break
				}
				h.holds.Store(true)
				c := back(t, h, conf)
				str, err := c.OpenStream()
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range tt.sent {
					_, _ = str.Write(b) // the answer shows
				}
				_ = str.Close()
				if tt.early != "" {
					if got := <-seen; got != tt.early {
						t.Errorf("%s: the backend saw %s, want %s", tt.name, got, tt.early)
					}
				} else {
					r.eventually("the request to come", func() bool { return r.doors[0].quic.requests.Load() > 0 })
					select {
					case got := <-seen:
						t.Errorf("%s: the backend saw %s before the handshake had ended", tt.name, got)
					case <-time.After(100 * time.Millisecond):
					}
				}
				h.holds.Store(false)
				if tt.atLast != "" {
					if got := <-seen; got != tt.atLast {
						t.Errorf("%s: the backend saw %s, want %s", tt.name, got, tt.atLast)
					}
				}
				<-c.HandshakeComplete()
				if !c.ConnectionState().Used0RTT {
					t.Errorf("%s: it was not early", tt.name)
				}
				<-sessions.put // for the next one
				_ = c.CloseWithError(0, "")
			}
			if !allowed {
				h.holds.Store(false)
				c := back(t, h, conf)
				<-c.HandshakeComplete()
				if c.ConnectionState().Used0RTT {
					t.Error("early data was taken")
				}
			}
		})
	}
}
