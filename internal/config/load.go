package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Load reads the file at path. The Config is nil when an error was found, one
// that is no mere warning. The problems are in the order of the file; the file
// itself not being there is one, too.
func Load(path string) (*Config, Problems) {
	return sound(Draft(path))
}

// Draft is Load for who wants to go on looking for problems: the Config comes
// with errors, too, without what could not be read, and is nil only where there
// was nothing to read. It is to be checked further, never to be served.
func Draft(path string) (*Config, Problems) {
	data, err := readFile(path)
	if err != nil {
		return nil, Problems{{File: path, Line: 1, Text: "reading the configuration: " + reason(err), Hint: "name the file with -c FILE"}}
	}
	return parse(path, data)
}

// sound gives out a Config only if there is no error in it.
func sound(cfg *Config, problems Problems) (*Config, Problems) {
	if problems.Errors() > 0 {
		return nil, problems
	}
	return cfg, problems
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
	return sound(parse(path, data))
}

func parse(path string, data []byte) (*Config, Problems) {
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
	prune(cfg)
	return cfg, w.problems
}

// prune takes out what has no value to go on with, so that a draft can be
// checked. There is nothing to take out of a Config without errors.
func prune(cfg *Config) {
	cfg.TLS.Certificates = slices.DeleteFunc(cfg.TLS.Certificates, func(c Certificate) bool { return c.Files == "" && (c.Cert == "" || c.Key == "") })
	for i := range cfg.Pools {
		p := &cfg.Pools[i]
		p.Backends = slices.DeleteFunc(p.Backends, func(b Backend) bool { return b.URL == nil })
	}
}
