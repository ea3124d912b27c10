package regular

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	for link, to := range map[string]string{"to-file": "file", "to-fifo": "fifo"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]error{
		at("file"): nil, at("to-file"): nil,
		at("fifo"): ErrOther, at("to-fifo"): ErrOther, "/dev/zero": ErrOther,
		at("socket"): syscall.ENXIO, // the kernel's own word for it
		at("none"):   fs.ErrNotExist, dir: syscall.EISDIR,
	} {
		text, err := Read(path)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		var named *fs.PathError
		if want != nil && (!errors.As(err, &named) || named.Path != path) {
			t.Errorf("%s: the error %v does not name it", path, err)
		}
		if want == nil && string(text) != "text" {
			t.Errorf("%s: %q", path, text)
		}
	}
}
