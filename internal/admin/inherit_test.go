package admin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
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
	given := start(t, Options{Address: "unix:" + path, Door: door{true}, Inherited: pass(first)})
	if err := given.Close(); err != nil || !there(t, path) {
		t.Fatalf("one that gives up before it owns the socket removes it: %v", err)
	}
	second := start(t, Options{Address: "unix:" + path, Door: door{true}, Inherited: pass(first)})
	if err := first.Leave(); err != nil || !there(t, path) {
		t.Fatalf("one that leaves removes the socket: %v", err)
	}
	second.Own()
	c, err := NewClient("unix:"+path, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Errorf("the second does not answer: %v", err)
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
