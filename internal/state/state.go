// Package state keeps what a front door learned or was told while it ran, so
// that a restart forgets neither: the health of backends, orders to drain or
// disable them, and weights that were set by hand.
//
// Load reads the file, Save replaces it. The functions may be called by any
// goroutine; two Saves of one path at a time leave one of the two. The package
// never changes a file in place, and never throws one away that it cannot read.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Version is that of the form which Save writes. Load reads no later one.
const Version = 1

// maxFile bounds what Load reads, in bytes: ten thousand backends take 4 MB.
const maxFile = 64 << 20

// File is all that is kept.
type File struct {
	Version int             `json:"version"`
	Saved   time.Time       `json:"saved"`
	Pools   map[string]Pool `json:"pools"` // by name
}

// Pool is what is kept of a pool: its backends by name.
type Pool map[string]Backend

// Backend is what is kept of a backend.
type Backend struct {
	// URL is where it was. What was known of its health says nothing of another one.
	URL    string    `json:"url"`
	Health string    `json:"health"` // up, down, unproven
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"`
	Order  *Order    `json:"order,omitempty"`  // an operator's; nil: none
	Word   *Order    `json:"word,omitempty"`   // what the backend asked for itself; nil: nothing
	Weight *Weight   `json:"weight,omitempty"` // set by hand; nil: that of the configuration
}

// Order is what an operator has asked of a backend, or the backend itself.
type Order struct {
	Duty  string    `json:"duty"`            // draining, disabled
	Mode  string    `json:"mode,omitempty"`  // of a drain
	Quiet Duration  `json:"quiet,omitempty"` // of the mode when_idle
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // zero: never
}

// Weight is one that was set by hand.
type Weight struct {
	Given int `json:"given"`
	// Configured is the one that it took the place of. Once the configuration
	// has another, that counts again.
	Configured int `json:"configured"`
}

// Duration is a time.Duration that is written as "5m0s".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// A DamagedError says that a file could not be understood and was set aside.
type DamagedError struct {
	Path  string
	Aside string // where it is now
	Err   error
}

// Error implements error.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("state file %s cannot be used and was set aside as %s: %v; health, drains and weights begin anew", e.Path, e.Aside, e.Err)
}

// Unwrap implements the interface that errors.As uses.
func (e *DamagedError) Unwrap() error { return e.Err }

// Load reads the file at path. None there is an empty one. One that is damaged,
// or of a later version, is renamed, and the error is a [*DamagedError]; then,
// as with any error, the File is an empty one that can be used.
func Load(path string) (File, error) {
	empty := File{Version: Version}
	b, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, fmt.Errorf("reading the state: %w", err)
	}
	f, err := parse(b)
	if err == nil {
		return f, nil
	}
	aside := path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000")
	if rerr := os.Rename(path, aside); rerr != nil {
		return empty, fmt.Errorf("state file %s cannot be used (%w) and not be set aside: %w", path, err, rerr)
	}
	return empty, &DamagedError{Path: path, Aside: aside, Err: err}
}

func read(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxFile {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", path, maxFile)
	}
	return os.ReadFile(path)
}

func parse(b []byte) (File, error) {
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return File{}, err
	}
	switch {
	case f.Version > Version:
		return File{}, fmt.Errorf("it is of version %d, and this program reads up to %d", f.Version, Version)
	case f.Version < 1:
		return File{}, errors.New("it names no version")
	}
	return f, nil
}

// Save replaces the file at path by f: whoever reads it, also after a crash,
// sees the old one or the new one. Only the owner may read it.
func Save(path string, f File) error {
	f.Version = Version
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	if err := replace(path, append(b, '\n')); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

func replace(path string, b []byte) error {
	t, err := os.CreateTemp(filepath.Dir(path), ".state-*") // 0600
	if err != nil {
		return err
	}
	_, err = t.Write(b)
	if err == nil {
		err = t.Sync()
	}
	if err = errors.Join(err, t.Close()); err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(t.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the new name last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
