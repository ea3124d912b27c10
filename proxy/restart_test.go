package proxy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"sterling/internal/config"
	"sterling/internal/headers"
)

var (
	tomlHeader = regexp.MustCompile(`^\[+([a-z_0-9.]+)\]+$`)
	tomlKey    = regexp.MustCompile(`^([a-z_0-9]+) *=`)
)

// idle is a front door whose doors are not open.
func idle(cfg *config.Config) *Server {
	s := &Server{begun: cfg}
	for _, l := range cfg.Listeners {
		s.doors = append(s.doors, &door{server: s, name: l.Name, cfg: l})
	}
	s.snapshot.Store(under(cfg, standings(cfg), nil))
	return s
}

// under has of a snapshot what a report is made of.
func under(cfg *config.Config, doors []standing, old *snapshot) *snapshot {
	p := &plan{cfg: cfg, doors: doors, trust: make([]*headers.Trust, len(cfg.Listeners))}
	return &snapshot{cfg: cfg, listeners: p.rules(old)}
}

// wouldTell is what a reload would say.
func (s *Server) wouldTell(cfg *config.Config) Report {
	doors, old := s.stand(cfg), s.snapshot.Load()
	next := under(cfg, doors, old)
	return Report{Changes: changes(old, next), Restart: s.pending(doors, next)}
}

// insteadOf has the keys without which the file is refused, or that have their
// default there, each with what to write for what.
var insteadOf = map[string][]string{
	"access_log.formats":     {`"with.dot" = "${status}"`, `"with.dot" = "${path}"`},
	"admin.token":            {"0123456789abcdef0123", "3210fedcba9876543210"},
	"tls.certificate.cert":   {"one.pem", "1.pem"},
	"tls.certificate.key":    {"one.key", "1.key"},
	"tls.certificate.files":  {"more/*.pem", "less/*.pem"},
	"tls.client.hosts":       {"*.admin.example.org", "*.manage.example.org"},
	"tls.client.certificate": {`certificate = "optional"`, `certificate = "required"`},
	"tls.client.ca":          {`ca = "clients.pem"`, `ca = "others.pem"`},
	"tls.acme.eab_key_id":    {"account-1", "account-2"},
	"tls.acme.eab_key":       {"c2VjcmV0", "b3RoZXI="},
	"listener.address":       {"127.0.0.1:8080", "127.0.0.1:8081"},
	"listener.protocol": {"protocol = \"http\"", "protocol = \"https\"",
		"redirect_https = true\nhttps_port = 443\n", ""},
	"route.pool":            {"hosts = [\"rpc.example.org\"]\npool = \"rpc\"", "hosts = [\"rpc.example.org\"]\npool = \"app\""},
	"route.hsts":            {"8760h", "8761h"},
	"route.hsts_subdomains": {"hsts_subdomains = true\nhsts_preload = true\n", ""},
	"route.request.set":     {"X-Front =", "X-Door ="},
	"route.request.add":     {"1.1 sterling", "1.1 door"},
	"pool.name":             {"name = \"rpc\"\nprotocol", "name = \"calls\"\nprotocol", `pool = "rpc"`, `pool = "calls"`},
	"pool.health.type":      {`type = "http", rise`, `type = "tcp", rise`},
	"pool.tls.cert":         {`cert = "client.pem"`, `cert = "other.pem"`},
	"pool.tls.key":          {`key = "client.key"`, `key = "other.key"`},
	"pool.backend.name":     {`name = "r1"`, `name = "r3"`},
	"pool.backend.url":      {"http://rpc1:50051", "http://rpc3:50051"},
}

// The file has every key, most with a value that is not its default: those are
// changed by taking their lines out.
func TestAReloadNamesEachKeyThatHasChanged(t *testing.T) {
	text, err := os.ReadFile("../internal/config/testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	full, _ := config.Parse("full.toml", text)
	restart := make(map[string]bool)
	for _, k := range config.Keys() {
		restart[strings.ReplaceAll(k.Key, "[]", "")] = k.Restart
	}
	tried, table := make(map[string]bool), ""
	try := func(key, text string) {
		cfg, _ := config.Parse("full.toml", []byte(text))
		if cfg == nil {
			return // the line must be there
		}
		report := idle(full).wouldTell(cfg)
		if len(report.Changes)+len(report.Restart) == 0 {
			return // it was the default
		}
		tried[key] = true
		if restart[key] != (len(report.Restart) > 0) || restart[key] == (len(report.Changes) > 0) {
			t.Errorf("%s is told as %+v", key, report)
		}
		if all := fmt.Sprint(report); strings.Contains(all, full.Admin.Token) || strings.Contains(all, "DENY") {
			t.Errorf("%s: the report holds a secret: %s", key, all)
		}
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		if m := tomlHeader.FindStringSubmatch(strings.TrimSpace(lines[i])); m != nil {
			table = m[1]
		}
		m := tomlKey.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		key := table + "." + m[1]
		if _, known := restart[key]; !known {
			key = table // of a mapping: its keys are the user's own
		}
		end := i + 1
		if strings.HasSuffix(lines[i], "[\n") {
			for ; !strings.HasPrefix(lines[end-1], "]"); end++ {
			}
		}
		try(key, strings.Join(lines[:i], "")+strings.Join(lines[end:], ""))
		i = end - 1
	}
	for key, change := range insteadOf {
		try(key, strings.NewReplacer(change...).Replace(string(text)))
	}
	for key := range restart {
		if !tried[key] {
			t.Errorf("%s: no change of it is told, or none is tried", key)
		}
	}
}
