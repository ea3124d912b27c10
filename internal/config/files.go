package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"sterling/internal/regular"
)

// CheckFiles looks at the files and folders that a configuration names: whether
// they are there, can be opened, and are closed to others where they hold
// secrets. What the first start makes by itself is no problem while it is not
// there. It reads nothing of them and changes nothing.
func CheckFiles(cfg *Config) Problems {
	c := fileCheck{cfg: cfg}
	for i, pair := range cfg.TLS.Certificates {
		if pair.Files != "" {
			continue // what there is, is read when it is loaded
		}
		key := fmt.Sprintf("tls.certificate[%d].", i)
		c.opens(key+"cert", pair.Cert)
		c.secret(key+"key", pair.Key)
	}
	if a := cfg.TLS.ACME; a != nil {
		c.opens("tls.acme.ca", a.CA)
	}
	for i, file := range cfg.TLS.ECH {
		c.secret(index("tls.ech", i), file)
	}
	for i, p := range cfg.TLS.Clients {
		c.opens(clientKey(i, "ca"), p.CA)
		for j, file := range p.CRL {
			c.opens(index(clientKey(i, "crl"), j), file)
		}
	}
	for i, p := range cfg.Pools {
		key := poolKey(i, "tls.")
		c.opens(key+"ca", p.TLS.CA)
		c.opens(key+"cert", p.TLS.Cert)
		c.secret(key+"key", p.TLS.Key)
		if p.Unavailable != nil {
			c.opens(poolKey(i, "unavailable.file"), p.Unavailable.File)
		}
	}
	if o := cfg.Log.Output; o != "stderr" && o != "stdout" {
		c.parent("log.output", o)
	}
	if isFile(cfg.AccessLog.Output) {
		c.parent("access_log.output", cfg.AccessLog.Output)
	}
	if path, ok := strings.CutPrefix(cfg.Admin.Address, "unix:"); ok {
		c.parent("admin.address", path)
	}
	c.state()
	c.keys()
	c.found.Sort()
	return c.found
}

type fileCheck struct {
	cfg   *Config
	found Problems
}

func (c *fileCheck) fault(key, text, hint string) {
	c.found = append(c.found, c.cfg.Problem(key, text, hint))
}

func (c *fileCheck) warn(key, text, hint string) {
	c.found = append(c.found, c.cfg.Warning(key, text, hint))
}

// opens wants a file that can be read; "" names none.
func (c *fileCheck) opens(key, path string) bool {
	if path == "" {
		return false
	}
	f, err := regular.Open(path)
	switch {
	case errors.Is(err, syscall.EISDIR):
		c.fault(key, path+" is a folder", "name the file")
		return false
	case errors.Is(err, regular.ErrOther):
		c.fault(key, "opening "+path+": "+reason(err), "name a file that holds it")
		return false
	case err != nil:
		hint := ""
		if strings.HasPrefix(path, filepath.Dir(c.cfg.Path)) {
			hint = "relative paths begin at the folder of the configuration file"
		}
		c.fault(key, "opening "+path+": "+reason(err), hint)
		return false
	}
	_ = f.Close() // nothing was written
	return true
}

// secret is opens for a file that others must not read.
func (c *fileCheck) secret(key, path string) {
	if !c.opens(key, path) {
		return
	}
	if stat, err := os.Stat(path); err == nil && stat.Mode().Perm()&0o007 != 0 {
		c.warn(key, fmt.Sprintf("%s is open to every user of this machine (mode %04o)", path, stat.Mode().Perm()), "chmod 600 "+path)
	}
}

// parent wants the folder that a file will be made in.
func (c *fileCheck) parent(key, path string) bool {
	dir := filepath.Dir(path)
	stat, err := os.Stat(dir)
	switch {
	case err != nil:
		c.fault(key, "the folder "+dir+": "+reason(err), "make it, and let it belong to the user that sterling runs as")
	case !stat.IsDir():
		c.fault(key, dir+" is not a folder", "name a path in a folder")
	}
	return err == nil && stat.IsDir()
}

func (c *fileCheck) state() {
	dir := c.cfg.State.Dir
	stat, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The first start makes it; whether it can is for CheckPlaces.
	case err != nil:
		c.fault("state.dir", dir+": "+reason(err), "")
	case !stat.IsDir():
		c.fault("state.dir", dir+" is not a folder", "name a folder that the process may write to")
	case c.cfg.TLS.ACME != nil && vanishes(stat, "/"):
		c.warn("state.dir", dir+" goes with this container, and its certificates with it", "mount a volume there, or each container orders anew")
	}
}

// containerMarks are files that container engines put into a container.
var containerMarks = []string{"/.dockerenv", "/run/.containerenv"}

// vanishes reports whether a folder is gone when its container is: it lies on
// the container's own file system.
func vanishes(folder os.FileInfo, root string) bool {
	if !slices.ContainsFunc(containerMarks, func(path string) bool { _, err := os.Stat(path); return err == nil }) {
		return false
	}
	top, err := os.Stat(root)
	if err != nil {
		return false
	}
	a, okA := folder.Sys().(*syscall.Stat_t)
	b, okB := top.Sys().(*syscall.Stat_t)
	return okA && okB && a.Dev == b.Dev
}

// pins says whether any pool has sticky sessions.
func (c *fileCheck) pins() bool {
	return slices.ContainsFunc(c.cfg.Pools, func(p Pool) bool { return p.Affinity.By == "cookie" })
}

// keys looks at the key file, which matters only where visitors are pinned.
func (c *fileCheck) keys() {
	if !c.pins() {
		return
	}
	path := c.cfg.Affinity.Keys
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		c.secret("affinity.keys", path)
		return
	}
	if filepath.Dir(path) != filepath.Clean(c.cfg.State.Dir) {
		if !c.parent("affinity.keys", path) {
			return
		}
	}
	if vacant(filepath.Dir(path)) {
		return // the first start makes it; see MakesKeys
	}
	c.warn(c.keysPlace(), path+" does not exist and would be made anew; it would not know the cookies of before, and other replicas would not share it",
		"put it back or copy it from another replica, or name a shared file in [affinity].keys")
}

// keysPlace is the key of the file that has to do with the key file: that which
// names it, else the first pool that needs it.
func (c *fileCheck) keysPlace() string {
	if _, given := c.cfg.positions.lines["affinity.keys"]; given {
		return "affinity.keys"
	}
	i := slices.IndexFunc(c.cfg.Pools, func(p Pool) bool { return p.Affinity.By == "cookie" })
	return poolKey(i, "affinity")
}

// MakesKeys reports whether a start would make the file of the affinity keys.
func MakesKeys(cfg *Config) bool {
	c := fileCheck{cfg: cfg}
	_, err := os.Stat(cfg.Affinity.Keys)
	return c.pins() && errors.Is(err, fs.ErrNotExist)
}

// vacant reports whether a folder is not there or holds nothing.
func vacant(dir string) bool {
	entries, err := os.ReadDir(dir)
	return errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0
}
