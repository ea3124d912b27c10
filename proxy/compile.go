package proxy

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"sterling/backend"
	"sterling/internal/accesslog"
	"sterling/internal/config"
	"sterling/internal/headers"
	"sterling/internal/regular"
	"sterling/internal/router"
	"sterling/session"
	proxytls "sterling/tls"
)

// plan is a configuration turned into the values that serve it, before
// anything is started. Making one reads files, and touches nothing else.
type plan struct {
	cfg          *config.Config
	doors        []standing // that there are, or will be
	problems     config.Problems
	table        *router.Table
	request      []*headers.Rules // by route
	response     []*headers.Rules
	trust        []*headers.Trust // by listener
	certificates *proxytls.Store
	names        []string // to order certificates for
	clients      *proxytls.Clients
	ech          []tls.EncryptedClientHelloKey
	files        string // fingerprint of what it was read from
	pools        []backend.PoolOptions
	pages        []*page       // by pool; nil: it has none
	keys         *session.Keys // nil: no pool needs them, or the file is not there yet
	keysNeeded   bool
}

// compile builds a plan, and collects every problem on the way. doors are those
// that are open already, if there are any.
func compile(cfg *config.Config, doors ...standing) *plan {
	if doors == nil {
		doors = standings(cfg)
	}
	p := &plan{cfg: cfg, doors: doors}
	p.compileRoutes()
	p.compileHeaders()
	p.compileCertificates()
	p.compileACME()
	p.compileClients()
	p.readECH()
	p.compilePools()
	p.readKeys()
	if err := accesslog.CheckFormat(cfg.AccessLog.Format, cfg.AccessLog.Formats); err != nil {
		p.fault("access_log.format", "", err)
	}
	return p
}

func (p *plan) fault(key, hint string, err error) {
	p.problems = append(p.problems, p.cfg.Problem(key, err.Error(), hint))
}

func (p *plan) compileRoutes() {
	var listeners []string
	for _, at := range p.doors {
		listeners = append(listeners, at.name)
	}
	for _, l := range p.cfg.Listeners {
		if !slices.Contains(listeners, l.Name) {
			listeners = append(listeners, l.Name)
		}
	}
	routes := make([]router.Route, len(p.cfg.Routes))
	for i, r := range p.cfg.Routes {
		routes[i] = router.Route{Name: r.Name, Listeners: r.Listeners, Hosts: r.Hosts, Paths: r.Paths}
	}
	table, problems := router.New(listeners, routes)
	p.table = table
	for _, f := range problems {
		key := fmt.Sprintf("route[%d]", f.Route)
		if f.Key != "" {
			key += "." + f.Key
		}
		if f.Warning {
			p.problems = append(p.problems, p.cfg.Warning(key, f.Text, f.Hint))
		} else {
			p.problems = append(p.problems, p.cfg.Problem(key, f.Text, f.Hint))
		}
	}
}

func (p *plan) compileHeaders() {
	for _, l := range p.cfg.Listeners {
		p.trust = append(p.trust, headers.NewTrust(l.TrustedProxies))
	}
	for i, r := range p.cfg.Routes {
		key := fmt.Sprintf("route[%d].", i)
		p.request = append(p.request, p.compileRules(key+"request", headers.Request, r.Request))
		p.response = append(p.response, p.compileRules(key+"response", headers.Response, r.Response))
	}
}

func (p *plan) compileRules(key string, side headers.Side, r config.HeaderRules) *headers.Rules {
	rules, faults := headers.CompileRules(side, r.Set, r.Add, r.Remove)
	for _, f := range faults {
		p.fault(key+"."+f.Key, "", f.Err)
	}
	return rules
}

func (p *plan) compileCertificates() {
	p.files = fingerprint(p.cfg) // before they are read: what changes meanwhile is a change
	var pairs []proxytls.Pair
	var keys []string // in the configuration, by pair
	for i, c := range p.cfg.TLS.Certificates {
		key := fmt.Sprintf("tls.certificate[%d].", i)
		if c.Files == "" {
			pairs, keys = append(pairs, proxytls.Pair{Cert: c.Cert, Key: c.Key}), append(keys, key)
			continue
		}
		found, err := proxytls.Find(c.Files)
		if err != nil {
			p.fault(key+"files", "", fmt.Errorf("%s: %w", c.Files, err))
		}
		for _, pair := range found {
			pairs, keys = append(pairs, pair), append(keys, key+"files")
			if stat, err := os.Stat(pair.Key); err == nil && stat.Mode().Perm()&0o007 != 0 {
				text := fmt.Sprintf("%s is open to every user of this machine (mode %04o)", pair.Key, stat.Mode().Perm())
				p.problems = append(p.problems, p.cfg.Warning(key+"files", text, "chmod 600 "+pair.Key))
			}
		}
	}
	store, faults := proxytls.Load(pairs)
	p.certificates = store
	for _, f := range faults {
		key := keys[f.Index]
		if strings.HasSuffix(key, ".") {
			key += f.Field
		}
		p.fault(key, f.Hint, fmt.Errorf("%s: %w", f.File, f.Err))
	}
	if store == nil {
		return
	}
	for i, leaf := range store.Certificates() {
		key := keys[i]
		if strings.HasSuffix(key, ".") {
			key += "cert"
		}
		if w := leaf.Warning(time.Now()); w != "" {
			p.problems = append(p.problems, p.cfg.Warning(key, fmt.Sprintf("the certificate for %q: %s", leaf.Names, w), "put a new one in its place"))
		}
	}
	p.compileSuites()
}

// readECH reads the keys of encrypted client hellos. A client whose key is not
// known any more goes on under the public name, if there is a certificate for it.
func (p *plan) readECH() {
	for i, file := range p.cfg.TLS.ECH {
		at := fmt.Sprintf("tls.ech[%d]", i)
		key, public, err := proxytls.ReadECH(file)
		if err != nil {
			p.fault(at, "", err)
			continue
		}
		p.ech = append(p.ech, key)
		if p.certificates != nil && !p.certificates.Serves(public) && !slices.Contains(p.names, public) {
			p.problems = append(p.problems, p.cfg.Warning(at, fmt.Sprintf("no certificate serves %q, its public name", public),
				"add one, or clients whose key has been replaced cannot connect"))
		}
	}
}

func (p *plan) compilePools() {
	for i, c := range p.cfg.Pools {
		key := fmt.Sprintf("pool[%d]", i)
		o := poolOptions(c)
		for _, b := range c.Backends {
			if b.URL.Scheme != "https" {
				continue
			}
			client, err := proxytls.ClientConfig(proxytls.ClientOptions{
				CA: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key, ServerName: c.TLS.ServerName,
			})
			if err != nil {
				p.fault(key+".tls", "", err)
			}
			o.TLS, o.TLSIdentity = client, tlsIdentity(c.TLS)
			break
		}
		p.pools = append(p.pools, o)
		page, err := readPage(c.Unavailable)
		if err != nil {
			p.fault(key+".unavailable.file", "", err)
		}
		p.pages = append(p.pages, page)
	}
}

// tlsIdentity changes with what the files of a pool hold, so that a reload
// takes up a certificate that was renewed under the same name. What cannot be
// read has been reported by then.
func tlsIdentity(c config.BackendTLS) string {
	sum := sha256.New()
	for _, file := range []string{c.CA, c.Cert, c.Key} {
		data, _ := regular.Read(file)
		of := sha256.Sum256(data)
		sum.Write(of[:])
	}
	return c.ServerName + " " + hex.EncodeToString(sum.Sum(nil))
}

// readKeys loads the key file where a pool needs it. That it is not there yet
// is no fault: it is made when the process starts.
func (p *plan) readKeys() {
	for _, c := range p.cfg.Pools {
		p.keysNeeded = p.keysNeeded || c.Affinity.By == "cookie"
	}
	if !p.keysNeeded {
		return
	}
	keys, err := session.LoadKeys(p.cfg.Affinity.Keys)
	var broken *session.KeyFileError
	switch {
	case err == nil:
		p.keys = keys
	case errors.Is(err, fs.ErrNotExist):
	case errors.As(err, &broken): // its first fault, for most follow from one
		p.fault("affinity.keys", session.KeyFileHint, broken)
	default:
		p.fault("affinity.keys", "", err)
	}
}

// Check builds everything that cfg describes without starting it, contacts
// nobody, and returns what it found: routes that cannot be told apart or never
// match, header templates, certificates, key files.
func Check(cfg *config.Config) config.Problems {
	return compile(cfg).problems
}
