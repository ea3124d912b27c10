package prove

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/config"
)

const site = `
[affinity]
keys = "/var/lib/sterling/affinity.keys"
[tls]
min_version = "1.3"
[[tls.certificate]]
cert = "/etc/www.pem"
key = "/etc/www.key"
[tls.acme]
[[tls.client]]
certificate = "required"
ca = "staff.pem"
[limits]
connections_per_address = 1
[[listener]]
name = "plain"
address = "0.0.0.0:80"
protocol = "http"
redirect_https = true
[[listener]]
name = "front"
address = "0.0.0.0:443"
protocol = "https"
trusted_proxies = ["10.0.0.1"]
proxy_protocol = "required"
idle = "7s"
[[route]]
name = "site"
hosts = ["*.example.org"]
paths = ["/app"]
pool = "app"
client_verified = true
[[pool]]
name = "app"
protocol = "h2"
[pool.tls]
ca = "ca.pem"
[[pool.backend]]
name = "b1"
url = "https://10.0.0.1"
weight = 3
`

// copied returns the copy of site, as loaded.
func copied(t *testing.T, live bool) (*config.Config, *stage) {
	t.Helper()
	s := &stage{folder: t.TempDir(), addresses: []string{"127.0.0.1:1", "127.0.0.1:2"}}
	s.o.Live = live
	path := filepath.Join(t.TempDir(), "sterling.toml")
	if err := os.WriteFile(path, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, problems := config.Load(path)
	if cfg == nil {
		t.Fatal(problems)
	}
	s.o.Config = cfg
	s.casts = []*cast{{pool: cfg.Pools[0], children: []*child{{address: "127.0.0.1:3"}}}}
	if err := s.write(7); err != nil {
		t.Fatal(err)
	}
	c, problems := config.Load(filepath.Join(s.folder, copyFile))
	if c == nil {
		t.Fatal(problems)
	}
	return c, s
}

func TestTheCopyTouchesNothingOutside(t *testing.T) {
	t.Parallel()
	c, s := copied(t, false)
	for _, path := range []string{c.State.Dir, c.Affinity.Keys, c.Log.Output, c.AccessLog.Output, c.TLS.Certificates[0].Cert} {
		if !strings.HasPrefix(path, s.folder) {
			t.Errorf("%s is not in the rehearsal's folder", path)
		}
	}
	if c.Listeners[0].Address != "127.0.0.1:1" || c.Listeners[1].Address != "127.0.0.1:2" || len(c.TLS.Certificates) != 1 {
		t.Errorf("%+v", c.Listeners)
	}
	p := c.Pools[0]
	if p.Backends[0].URL.String() != "http://127.0.0.1:3" || p.Protocol != "h2c" || p.TLS.CA != "" || c.Limits.ConnectionsPerAddress != 0 {
		t.Errorf("%+v", p)
	}
}

func TestTheCopyWantsNothingThatItsUsersLack(t *testing.T) {
	for _, live := range []bool{false, true} {
		cfg, _ := copied(t, live)
		if cfg.TLS.ACME != nil || len(cfg.TLS.Clients) > 0 || cfg.Routes[0].ClientVerified || cfg.Listeners[1].ProxyProtocol != "off" {
			t.Errorf("live %v: %+v, %+v", live, cfg.TLS, cfg.Listeners[1])
		}
	}
}

func TestTheCopyKeepsTheRest(t *testing.T) {
	t.Parallel()
	c, _ := copied(t, false)
	if c.TLS.MinVersion != 0x0304 || c.Listeners[1].Idle.Seconds() != 7 || c.Pools[0].Backends[0].Weight != 3 || c.Routes[0].Hosts[0] != "*.example.org" {
		t.Errorf("%+v", c)
	}
	if c.Routes[0].Response.Set[generationHeader] != "7" {
		t.Errorf("the generation is not in it: %+v", c.Routes[0].Response)
	}
}

func TestALiveCopyKeepsTheBackends(t *testing.T) {
	t.Parallel()
	c, s := copied(t, true)
	p := c.Pools[0]
	if p.Backends[0].URL.String() != "https://10.0.0.1" || p.Protocol != "h2" || p.TLS.CA != filepath.Join(filepath.Dir(s.o.Config.Path), "ca.pem") {
		t.Errorf("%+v", p)
	}
}

func TestUsersComeThroughTheListenerThatServesThem(t *testing.T) {
	t.Parallel()
	_, s := copied(t, false)
	all := aim(s.o.Config, s.addresses)
	if len(all) != 1 || all[0].url.String() != "https://prove.example.org/app" || all[0].dial != "127.0.0.1:2" || all[0].sticky {
		t.Errorf("%+v", all)
	}
	only := *s.o.Config
	only.Listeners = only.Listeners[:1]
	if all := aim(&only, s.addresses); len(all) > 0 {
		t.Errorf("a listener that redirects leads to a pool: %+v", all)
	}
}
