package prove

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sterling/internal/config"
)

// Files of a rehearsal's folder.
const (
	copyFile   = "sterling.toml"
	accessFile = "access.log"
	logFile    = "process.log"
	outFile    = "output"
	certFile   = "cert.pem"
	keyFile    = "key.pem"
	adminFile  = "admin.sock"
)

// generationHeader is set by every route, to a number that a reload changes.
const generationHeader = "X-Prove-Generation"

// write writes the copy of the configuration: everything as configured but for
// what touches the world outside the rehearsal. The generation makes it differ
// from the one before.
func (s *stage) write(generation int) error {
	text, err := config.Edit(s.o.Config.Path, func(tree map[string]any) { s.edit(tree, generation) })
	if err != nil {
		return err
	}
	path := filepath.Join(s.folder, copyFile)
	if _, problems := config.Parse(path, text); problems.Errors() > 0 {
		return fmt.Errorf("the copy of the configuration is not valid: %w", problems.Err())
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (s *stage) edit(tree map[string]any, generation int) {
	tree["log"] = map[string]any{"level": "info", "format": "json", "output": filepath.Join(s.folder, logFile)}
	tree["access_log"] = map[string]any{"output": filepath.Join(s.folder, accessFile), "format": "json", "queue": 65536}
	tree["admin"] = map[string]any{"address": "unix:" + filepath.Join(s.folder, adminFile)}
	tree["state"] = map[string]any{"dir": filepath.Join(s.folder, "state")}
	delete(tree, "affinity") // keys of its own
	tls := config.Table(tree, "tls")
	for _, key := range []string{"acme", "client", "ech"} {
		delete(tls, key) // nothing is ordered, and users of the rehearsal have no certificates
	}
	tls["certificate"] = []map[string]any{{"cert": filepath.Join(s.folder, certFile), "key": filepath.Join(s.folder, keyFile)}}
	delete(config.Table(tree, "limits"), "connections_per_address") // all users come from one
	for i, l := range config.Tables(tree, "listener") {
		l["address"] = s.addresses[i]
		for _, key := range []string{"https_port", "proxy_protocol", "http3", "http3_port", "early_data"} {
			delete(l, key) // users come straight to it, over TCP
		}
	}
	for _, r := range config.Tables(tree, "route") {
		delete(r, "client_verified")
		set := config.Table(config.Table(r, "response"), "set")
		set[generationHeader] = strconv.Itoa(generation)
	}
	for i, p := range config.Tables(tree, "pool") {
		s.editPool(p, i)
	}
}

func (s *stage) editPool(p map[string]any, i int) {
	dir := filepath.Dir(s.o.Config.Path)
	if _, ok := p["unavailable"]; ok {
		absolute(config.Table(p, "unavailable"), dir, "file")
	}
	if s.o.Live {
		if _, ok := p["tls"]; ok {
			absolute(config.Table(p, "tls"), dir, "ca", "cert", "key")
		}
		return
	}
	delete(p, "tls")
	delete(p, "proxy_protocol")
	if p["protocol"] == "h2" {
		p["protocol"] = "h2c"
	}
	for j, b := range config.Tables(p, "backend") {
		b["url"] = "http://" + s.casts[i].children[j].address
	}
}

// absolute makes relative paths ones that hold in another folder.
func absolute(t map[string]any, dir string, keys ...string) {
	for _, key := range keys {
		path, ok := t[key].(string)
		if !ok || path == "" || filepath.IsAbs(path) {
			continue
		}
		if abs, err := filepath.Abs(filepath.Join(dir, path)); err == nil {
			t[key] = abs
		}
	}
}

// hosts are the names that the copy's certificate must cover.
func hosts(cfg *config.Config) []string {
	all := []string{"localhost"}
	for _, r := range cfg.Routes {
		for _, h := range r.Hosts {
			all = append(all, strings.Trim(h, "[]"))
		}
	}
	return all
}
