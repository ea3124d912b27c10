package tunnel

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestBufferedBytesComeFirst(t *testing.T) {
	server, client := tcpPair(t)
	c := New(server, []byte("buffered "), Options{})
	defer c.Close()
	if _, err := client.Write([]byte("then sent")); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	if got, err := io.ReadAll(iotest.OneByteReader(c)); string(got) != "buffered then sent" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDeadlinesOfTheRequestAreLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{})
		_ = r.conn.Close()
		r.wantEnd(t, CauseBackend, time.Second)
	})
	server, client := tcpPair(t)
	if err := server.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	c := New(server, nil, Options{})
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := client.Write([]byte("y")); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestBytesPassUnchangedInAnyPieces(t *testing.T) {
	for _, websocket := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			up := append(script(true), 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3) // ends in what is no frame
			down := append([]byte(head), script(false)...)
			r := newRig(t, up[:10], Options{WebSocket: websocket, Idle: time.Hour})
			client, backend := collect(r.client, len(head)), collect(r.backend, 0)
			feed(t, r.client, up[10:], 3)
			feed(t, r.backend, down, 5)
			synctest.Wait()
			if !bytes.Equal(client.all(), down) || !bytes.Equal(backend.all(), up) {
				t.Errorf("websocket %t: down %x\nup %x", websocket, client.all(), backend.all())
			}
			_ = r.conn.Close()
			s := <-r.stats
			if s.BytesIn != int64(len(up)) || s.BytesOut != int64(len(down)-len(head)) {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestEverythingAtOnce(t *testing.T) {
	for range 50 {
		server, client := tcpPair(t)
		ended := make(chan Stats, 2)
		c := New(server, nil, Options{WebSocket: true, Idle: time.Hour, OnClose: func(s Stats) { ended <- s }})
		var all sync.WaitGroup
		all.Go(func() { _, _ = io.Copy(io.Discard, client) })
		all.Go(func() { _, _ = client.Write(script(true)) })
		all.Go(func() { _, _ = io.Copy(io.Discard, onlyReader{c}) })
		all.Go(func() {
			_, _ = c.Write(append([]byte(head), script(false)...))
			_ = c.CloseWrite()
		})
		all.Go(func() { c.GoAway(1001, "one") })
		all.Go(func() { c.GoAway(1012, "two") })
		all.Go(func() { _ = c.Close() })
		all.Wait()
		if len(ended) != 1 {
			t.Fatalf("the end was told %d times", len(ended))
		}
	}
}
