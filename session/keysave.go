package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Save writes the keys in place of the file at path, whose owner and mode stay;
// a file that was not there is readable by its owner alone. A reader sees the
// old file or the new one, never a part. Of two that save at once, the later
// one's keys stay.
func (k *Keys) Save(path string) error {
	if k.signer() == nil {
		return errors.New("saving key file: there is no key")
	}
	// A link to a file elsewhere stays one.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := writeWhole(path, k.text(), replace); err != nil {
		return fmt.Errorf("saving key file: %w", err)
	}
	return nil
}

// writeWhole writes text beside path and lets place put it there in one step.
// Both the file and its folder are on disk when it returns.
func writeWhole(path, text string, place func(from, to string) error) (err error) {
	dir := filepath.Dir(path)
	// CreateTemp gives mode 0600.
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return inFolder(dir, err)
	}
	// After a rename there is nothing left to remove.
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// inFolder names the folder in which a file could not be made, in place of the
// name that it would have had for a moment.
func inFolder(dir string, err error) error {
	var why *fs.PathError
	if errors.As(err, &why) {
		err = why.Err
	}
	return fmt.Errorf("making a file in %s: %w", dir, err)
}

// linkNew puts from in the place of to unless something is there.
func linkNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return claimNew(from, to)
}

// claimNew is linkNew for file systems without hard links: it takes the name
// first, by an empty file.
func claimNew(from, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// replace puts from in the place of to with to's owner and mode: keys saved by
// root must stay readable for the process that runs under another name.
func replace(from, to string) error {
	stat, err := os.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Rename(from, to)
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(from, stat.Mode().Perm()); err != nil {
		return err
	}
	if owner, ok := stat.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(from, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Rename(from, to)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
