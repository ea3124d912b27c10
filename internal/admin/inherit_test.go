package admin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// there reports whether a file is.
func there(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestASocketGoesFromOneServerToTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	first := start(t, Options{Address: "unix:" + path, Door: door{true}})
	pass := func(s *Server) *os.File {
		t.Helper()
		f, err := s.File()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	ready := func(ctx context.Context) error {
		t.Helper()
		c, err := NewClient("unix:"+path, "")
		if err != nil {
			t.Fatal(err)
		}
		return c.Ready(ctx)
	}
	given := start(t, Options{Address: "unix:" + path, Door: door{false}, Inherited: pass(first), Later: true})
	for range 5 {
		if err := ready(t.Context()); err != nil {
			t.Fatalf("one that does not own the socket has answered: %v", err)
		}
	}
	if err := given.Close(); err != nil || !there(t, path) {
		t.Fatalf("one that gives up before it owns the socket removes it: %v", err)
	}
	second := start(t, Options{Address: "unix:" + path, Door: door{true}, Inherited: pass(first), Later: true})
	if first.Leave(); !there(t, path) {
		t.Fatal("one that leaves removes the socket")
	}
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := ready(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("between the two, somebody has answered: %v", err)
	}
	second.Own()
	if err := ready(t.Context()); err != nil {
		t.Errorf("the second does not answer: %v", err)
	}
	if err := first.Close(); err != nil || !there(t, path) {
		t.Errorf("one that has left ends with %v", err)
	}
	if err := second.Close(); err != nil || there(t, path) {
		t.Errorf("the owner does not remove it: %v", err)
	}
}

func TestAnInheritedSocketNeedsItsTokenAllTheSame(t *testing.T) {
	first := start(t, Options{Address: "127.0.0.1:0", Door: door{true}})
	f, err := first.File()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{Address: "0.0.0.0:0", Door: door{true}, Inherited: f}); err == nil {
		t.Error("an address that others reach was served without a token")
	}
	_ = f.Close()
}
