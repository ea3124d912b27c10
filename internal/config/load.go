package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Load reads the file at path. The Config is nil when an error was found, one
// that is no mere warning. The problems are in the order of the file; the file
// itself not being there is one, too.
func Load(path string) (*Config, Problems) {
	data, err := readFile(path)
	if err != nil {
		return nil, Problems{{File: path, Line: 1, Text: "reading the configuration: " + reason(err), Hint: "name the file with -c FILE"}}
	}
	return Parse(path, data)
}

// readFile stops a byte past what Parse takes: path may be a device.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// reason is an error of the file system without the path, which stands elsewhere.
func reason(err error) string {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// Parse is Load for a text that was already read. The path names it in problems,
// and relative paths inside it are taken from the path's folder.
func Parse(path string, data []byte) (*Config, Problems) {
	tree, pos, fault := decode(data)
	if fault != nil {
		fault.File = path
		return nil, Problems{*fault}
	}
	return build(path, tree, pos)
}

// build reads a decoded tree.
func build(path string, tree map[string]any, pos *positions) (*Config, Problems) {
	cfg := &Config{Path: path, positions: pos}
	w := &walker{
		file: path, pos: pos, schema: sync.OnceValue(allRows),
		given: make(map[string]bool), bad: make(map[string]bool),
	}
	rows := schema(cfg)
	preset(rows)
	w.rows("", tree, rows)
	derive(cfg)
	w.judge(cfg)
	resolve(cfg, filepath.Dir(path))
	w.problems.Sort()
	if w.problems.Errors() > 0 {
		return nil, w.problems
	}
	return cfg, w.problems
}
