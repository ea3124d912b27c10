package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel itself is asked, for root by a thread that has no more rights than
// anybody.
func TestWhatAnotherOwnsCannotBeWrittenTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := mayUse(dir, unix.W_OK|unix.X_OK); err != nil {
		t.Fatalf("a folder of one's own: %v", err)
	}
	asked := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread is not given back, and ends with this goroutine
		if os.Geteuid() == 0 {
			const nobody = 65534
			_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, nobody, 0, 0) // it returns who it was
		} else if err := os.Chmod(dir, 0o555); err != nil {
			asked <- err
			return
		}
		asked <- mayUse(dir, unix.W_OK|unix.X_OK)
	}()
	if err := <-asked; !errors.Is(err, fs.ErrPermission) {
		t.Errorf("the folder of another: %v", err)
	}
}
