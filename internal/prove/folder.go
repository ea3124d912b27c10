package prove

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// socketLimit is how long the path of a Unix socket may be on every system.
const socketLimit = 103

// folder makes the folder of the rehearsal; leave is for when all processes in it
// have ended.
func (o *Options) folder() (path string, leave func() error, err error) {
	if o.Keep == "" {
		path, err = os.MkdirTemp("", "sterling-prove-")
		return path, func() error { return os.RemoveAll(path) }, err
	}
	path, err = filepath.Abs(o.Keep)
	if err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", nil, fmt.Errorf("making the folder to keep: %w", err)
	}
	return path, func() error { return removeSocket(filepath.Join(path, adminFile)) }, nil
}

// removeSocket takes away what nobody listens on any more.
func removeSocket(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// judgeKeep tells what is wrong with the folder to keep.
func (o *Options) judgeKeep() error {
	if o.Keep == "" {
		return nil
	}
	path, err := filepath.Abs(o.Keep)
	if err != nil {
		return err
	}
	if len(filepath.Join(path, adminFile)) > socketLimit {
		return fmt.Errorf("the path %s is too long for a socket in it; name a shorter one to keep", path)
	}
	switch entries, err := os.ReadDir(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("the folder to keep cannot be used: %w; name a new one", err)
	case len(entries) > 0:
		return fmt.Errorf("the folder to keep, %s, is not empty; name a new one", path)
	}
	return nil
}
