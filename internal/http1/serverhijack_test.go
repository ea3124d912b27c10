package http1

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAHijackedConnectionIsTheHandlers(t *testing.T) {
	f := newFront(t, ServerOptions{Idle: time.Minute, Header: time.Minute, Write: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
		nc, rw, err := control.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		if rw.Reader.Buffered() != len("ahead") {
			t.Errorf("%d bytes ahead", rw.Reader.Buffered())
		}
		if _, _, err := control.Hijack(); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("again: %v", err)
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("writing: %v", err)
		}
		for _, err := range []error{control.Flush(), control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})} {
			if !errors.Is(err, http.ErrHijacked) {
				t.Errorf("control: %v", err)
			}
		}
		go func() {
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\n")
			_ = rw.Flush()
			_, _ = io.Copy(nc, rw)
			_ = nc.Close()
		}()
	})})
	for range 3 {
		c := f.call()
		c.say("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nahead")
		c.expect("\r\n\r\nahead")
		within(t, "the server to forget it", func() bool { f.connMu.Lock(); defer f.connMu.Unlock(); return len(f.conns) == 0 })
		c.say("more")
		c.expect("more")
		_ = c.CloseWrite()
		if rest := c.ends(); rest != "" {
			t.Errorf("got %q", rest)
		}
	}
}

func TestHijackingSendsWhatWasWritten(t *testing.T) {
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, _ = w.Write([]byte("ab"))
		nc, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = nc.Write([]byte("cd"))
		_ = nc.Close()
	})
	if all := f.exchange("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\n\r\n"); !strings.HasSuffix(all, "\r\n\r\nabcd") {
		t.Errorf("got %q", all)
	}
}

func TestHijackingEndsABodysReader(t *testing.T) {
	ended := make(chan error, 1)
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		body := r.Body
		_, _ = io.ReadFull(body, make([]byte, 5))
		go func() {
			_, err := body.Read(make([]byte, 5))
			ended <- err
		}()
		time.Sleep(time.Millisecond) // either order will do
		nc, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer nc.Close()
		p := make([]byte, 3)
		if n, err := io.ReadFull(rw, p); string(p[:n]) != "raw" || err != nil {
			t.Errorf("read %q, %v", p[:n], err)
		}
	})
	c := f.call()
	c.say(srvPost + "Content-Length: 10\r\n\r\nhello")
	if err := <-ended; !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("reading ended with %v", err)
	}
	c.say("raw")
	c.ends()
}

func TestWhatAskedForNoUpgradeIsNotHijacked(t *testing.T) {
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := w.(http.Hijacker).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("got %v", err)
		}
		_, _ = io.WriteString(w, "hello")
	})
	if all := f.exchange(get11); !strings.HasSuffix(all, "\r\n\r\nhello") {
		t.Errorf("got %q", all)
	}
}
