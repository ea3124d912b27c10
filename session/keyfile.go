package session

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sterling/internal/regular"
)

const maxKeyFile = 64 << 10 // bytes

// LoadKeys reads a key file. A file that is not there is an error for which
// errors.Is(err, fs.ErrNotExist) holds; one that is not right gives all its
// faults, each a [*KeyFileError] with its line.
func LoadKeys(path string) (*Keys, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading key file: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	stat, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading key file: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading key file: %w", err)
	}
	if len(data) > maxKeyFile {
		return nil, &KeyFileError{path, 0, fmt.Sprintf("is larger than %d bytes; it is no key file", maxKeyFile)}
	}
	r, err := parseKeys(path, data)
	if err != nil {
		return nil, err
	}
	r.exposed = stat.Mode().Perm()&0o077 != 0
	return keysOf(r), nil
}

// CreateKeys makes a key file with one new key, readable by its owner alone,
// and its folder, if need be. It never replaces a file: of several processes
// that try at once one succeeds, and the others get an error for which
// errors.Is(err, fs.ErrExist) holds, when the file is there as a whole. (On a
// file system without hard links it may be empty for a moment.)
func CreateKeys(path string) (*Keys, error) {
	k, err := firstKeys()
	if err != nil {
		return nil, fmt.Errorf("creating key file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("creating key file: %w", err)
	}
	if err := writeWhole(path, k.text(), linkNew); err != nil {
		return nil, fmt.Errorf("creating key file: %w", err)
	}
	k.content().created = true
	return k, nil
}

// LoadOrCreate reads the key file, and makes it first if it is not there.
// Processes that do so at once end up with the same keys.
func LoadOrCreate(path string) (*Keys, error) {
	k, err := LoadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	k, err = CreateKeys(path)
	if errors.Is(err, fs.ErrExist) {
		return LoadKeys(path)
	}
	return k, err
}
