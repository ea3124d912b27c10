package admin

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sterling/proxy"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // most tests have closed it themselves
	return s
}

func TestClientSpeaksToBothKindsOfAddress(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s")} {
		s := start(t, Options{Address: address, Door: door{true}, Reload: reloads(proxy.Report{Generation: 4}, nil)})
		if s.Addr().Network() == "tcp" {
			address = s.Addr().String()
		}
		c, err := NewClient(address, "")
		if err != nil {
			t.Fatal(err)
		}
		if st, err := c.Status(t.Context()); err != nil || st.Version != "v9" {
			t.Errorf("%s: status %+v, %v", address, st, err)
		}
		if raw, err := c.RawStatus(t.Context()); err != nil || !strings.Contains(string(raw), `"version": "v9"`) {
			t.Errorf("%s: raw status %s, %v", address, raw, err)
		}
		if r, err := c.Reload(t.Context()); err != nil || r.Generation != 4 {
			t.Errorf("%s: reload %+v, %v", address, r, err)
		}
		if err := c.Ready(t.Context()); err != nil {
			t.Errorf("%s: ready: %v", address, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", address, err)
		}
		if err := c.Ready(t.Context()); err == nil {
			t.Errorf("%s: answers after Close", address)
		}
	}
}

func TestClientReturnsTheRefusal(t *testing.T) {
	s := start(t, Options{Address: "127.0.0.1:0", Token: "sesame", Door: door{false}})
	c, err := NewClient(s.Addr().String(), "wrong")
	if err != nil {
		t.Fatal(err)
	}
	var r *Refusal
	if _, err := c.Status(t.Context()); !errors.As(err, &r) || r.Status != 401 || r.Hint == "" {
		t.Errorf("wrong token: %v", err)
	}
	if err := c.Ready(t.Context()); !errors.As(err, &r) || r.Status != 503 || r.Problem != "not ready" {
		t.Errorf("not ready: %v", err)
	}
}

func TestAddressBeyondLoopbackNeedsAToken(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "door.example:0"} {
		if s, err := Start(Options{Address: address, Door: door{true}}); err == nil {
			t.Errorf("%s without token: served", address)
			_ = s.Close()
		} else if !strings.Contains(err.Error(), "token") {
			t.Errorf("%s without token: %v, want a word about the token", address, err)
		}
	}
	start(t, Options{Address: "0.0.0.0:0", Token: "sesame", Door: door{true}})
}

func TestBadAddressesAreNamed(t *testing.T) {
	for _, address := range []string{"", "unix:", "9180", "localhost:", "/run/x.sock"} {
		if _, err := Start(Options{Address: address, Door: door{true}}); err == nil {
			t.Errorf("address %q: accepted", address)
		}
	}
}

func TestSocketBelongsToItsOwnerAndGoesAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	s := start(t, Options{Address: "unix:" + path, Door: door{true}})
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 600", st.Mode().Perm())
	}
	if _, err := Start(Options{Address: "unix:" + path, Door: door{true}}); err == nil || !strings.Contains(err.Error(), "answers") {
		t.Errorf("second process at a live socket: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("socket after Close: %v, want it gone", err)
	}
}

func TestStaleSocketIsReplacedAndOtherFilesAreNot(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale.sock")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, Options{Address: "unix:" + stale, Door: door{true}})

	file := filepath.Join(dir, "precious")
	if err := os.WriteFile(file, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{Address: "unix:" + file, Door: door{true}}); err == nil {
		t.Error("a plain file was taken for a socket")
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "data" {
		t.Errorf("the plain file now holds %q, %v", got, err)
	}
}

func TestCloseCutsARequestThatDoesNotEnd(t *testing.T) {
	entered, released := make(chan struct{}), make(chan struct{})
	hang := func(ctx context.Context) (proxy.Report, error) {
		close(entered)
		<-ctx.Done()
		close(released)
		return proxy.Report{}, ctx.Err()
	}
	s := start(t, Options{Address: "127.0.0.1:0", Door: door{true}, Reload: hang})
	c, err := NewClient(s.Addr().String(), "")
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := c.Reload(context.Background())
		failed <- err
	}()
	<-entered
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	select {
	case <-released:
	case <-time.After(30 * time.Second):
		t.Fatal("the request outlived Close")
	}
	if err := <-failed; err == nil {
		t.Error("the cut request got an answer")
	}
}
