package acme

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sterling/internal/regular"
)

// Folder is a Storage in a folder of the file system. All in it is for the
// owner alone: files have mode 0600, folders 0700. On a file system that several
// machines share, Lock needs flock to work across them, as NFS 4 has it.
type Folder string

// FolderFor is where what comes from a directory is kept below dir: what a
// test authority has issued must never be taken for the real thing.
func FolderFor(dir, directory string) Folder {
	name := directory
	if u, err := url.Parse(directory); err == nil && u.Host != "" {
		name = u.Host + u.Path
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, name)
	return Folder(filepath.Join(dir, "acme", strings.Trim(name, "._")))
}

func (f Folder) path(key string) string {
	return filepath.Join(string(f), filepath.FromSlash(filepath.Clean("/"+key)))
}

// Check reports whether the folder and all in it can be written to, and makes
// them. A certificate that cannot be stored is ordered at every start.
func (f Folder) Check() error {
	for _, sub := range []string{"", certificateKey, arrivalKey, failureKey, challengeKey, revokedKey, "locks"} {
		if err := probe(f.path(sub)); err != nil {
			return err
		}
	}
	return nil
}

func probe(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	_, err = probe.WriteString("x")
	return errors.Join(err, probe.Close(), os.Remove(probe.Name()))
}

// Get implements [Storage].
func (f Folder) Get(_ context.Context, key string) ([]byte, error) {
	data, err := regular.Read(f.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	return data, err
}

// Put implements [Storage].
func (f Folder) Put(_ context.Context, key string, data []byte) (err error) {
	path := f.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	f.give(tmp)
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync() // a key that is lost with the power is an order more
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// give gives what root writes, as a check does, to who has the folder: the door
// may not be root.
func (f Folder) give(file *os.File) {
	if os.Geteuid() != 0 {
		return
	}
	if info, err := os.Stat(string(f)); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = file.Chown(int(st.Uid), int(st.Gid)) // else it stays root's
		}
	}
}

// Delete implements [Storage].
func (f Folder) Delete(_ context.Context, key string) error {
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Lock implements [Storage]. The file stays: whoever removes a locked file lets
// two have the lock.
func (f Folder) Lock(name string) (release func(), err error) {
	path := f.path("locks/" + name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close() // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = file.Close() }, nil // which unlocks
}
