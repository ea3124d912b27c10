package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// CheckPlaces looks at the places that a process writes to: whether the user
// that asks could make or change its logs, its state and its admin socket there.
// It is for who asks before a start: one that runs has opened them. What
// [CheckFiles] says already is not said again. It changes nothing.
func CheckPlaces(cfg *Config) Problems {
	c := placeCheck{fileCheck: fileCheck{cfg: cfg}, may: mayUse}
	c.all()
	c.found.Sort()
	return c.found
}

// placeCheck is a fileCheck for what is written.
type placeCheck struct {
	fileCheck
	may func(path string, mode uint32) error // nil: it may
}

func (c *placeCheck) all() {
	if o := c.cfg.Log.Output; o != "stderr" && o != "stdout" {
		c.log("log.output", o)
	}
	if isFile(c.cfg.AccessLog.Output) {
		c.log("access_log.output", c.cfg.AccessLog.Output)
	}
	if path, ok := strings.CutPrefix(c.cfg.Admin.Address, "unix:"); ok {
		c.folder("admin.address", filepath.Dir(path))
	}
	c.stateFolder()
}

// log wants a file that can be written to, or a folder to make it in.
func (c *placeCheck) log(key, path string) {
	stat, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return // a link, whose file would be made elsewhere
		}
		c.folder(key, filepath.Dir(path))
	case err != nil:
		c.refused(key, path, err)
	case stat.IsDir():
		c.fault(key, path+" is a folder", "name a file in it")
	default:
		if err := c.may(path, unix.W_OK); err != nil {
			c.refused(key, path, err)
		}
	}
}

// folder wants one that files can be made in.
func (c *placeCheck) folder(key, dir string) {
	if stat, err := os.Stat(dir); err != nil || !stat.IsDir() {
		return // said by CheckFiles
	}
	if err := c.may(dir, unix.W_OK|unix.X_OK); err != nil {
		c.refused(key, dir, err)
	}
}

func (c *placeCheck) refused(key, path string, err error) {
	c.fault(key, cannotWrite(path, err), "chown it, or name another")
}

// stateFolder wants one that can be written to, or be made, where the start
// depends on that; elsewhere a restart forgets what was ordered.
func (c *placeCheck) stateFolder() {
	const forgets = "; health, drains and weights would be forgotten at a restart"
	dir := filepath.Clean(c.cfg.State.Dir)
	err := c.makes(dir)
	if err == nil && c.cfg.TLS.ACME != nil {
		err = c.makes(filepath.Join(dir, "acme"))
	}
	keys := MakesKeys(c.cfg)
	switch inside := filepath.Dir(c.cfg.Affinity.Keys) == dir; {
	case err == nil:
	case keys && inside || c.cfg.TLS.ACME != nil:
		c.fault("state.dir", err.Error(), "chown it, or name another")
	default:
		c.warn("state.dir", err.Error()+forgets, "chown it, or name another")
	}
	if folder := filepath.Dir(c.cfg.Affinity.Keys); keys && folder != dir {
		c.folder("affinity.keys", folder)
	}
}

// makes returns why files cannot be made in a folder, which may have to be made
// itself, with those around it.
func (c *placeCheck) makes(dir string) error {
	at := dir
	stat, err := os.Stat(at)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(at) != at {
		at = filepath.Dir(at)
		stat, err = os.Stat(at)
	}
	if err == nil && !stat.IsDir() {
		return nil // said by CheckFiles
	}
	if err == nil {
		err = c.may(at, unix.W_OK|unix.X_OK)
	}
	switch {
	case err == nil || errors.Is(err, unix.ENOTDIR):
		return nil
	case at == dir:
		return errors.New(cannotWrite(dir, err))
	default:
		return fmt.Errorf("%s cannot be made: %s", dir, cannotWrite(at, err))
	}
}

// mayUse asks the kernel, which knows of mounts that are read only, too.
func mayUse(path string, mode uint32) error {
	return unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
}

func cannotWrite(path string, err error) string {
	if path == "." {
		path = "the folder of this file"
	}
	if errors.Is(err, fs.ErrPermission) {
		return path + " cannot be written to by user " + userName()
	}
	return path + " cannot be written to: " + reason(err)
}

// userName is whom the process runs as.
func userName() string {
	id := strconv.Itoa(os.Geteuid())
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
