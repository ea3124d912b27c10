package config

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// load reads a file of testdata/good, which must have no problem at all, but for
// suites beside the one min_version that is not the default.
func load(t *testing.T, name string) *Config {
	t.Helper()
	cfg, problems := Load(filepath.Join("testdata", "good", name))
	problems = slices.DeleteFunc(problems, func(p Problem) bool { return p.Warning && p.Key == "tls.suites" })
	if len(problems) > 0 {
		t.Fatalf("%s has problems:\n%v", name, problems)
	}
	return cfg
}

func TestSampleLoadsAsItStands(t *testing.T) {
	cfg := load(t, "sample.toml")
	if got := len(cfg.Listeners); got != 2 {
		t.Fatalf("%d listeners, want 2", got)
	}
	if l := cfg.Listeners[0]; l.Name != "front" || l.Protocol != "https" || l.Idle != time.Minute ||
		!reflect.DeepEqual(l.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Errorf("listener %+v", l)
	}
	if r := cfg.Routes[0]; r.Request.Set["X-Front"] != "sterling" || r.Response.Remove[0] != "Server" || r.Pool != "app" {
		t.Errorf("route %+v", r)
	}
	p := cfg.Pools[0]
	if p.Affinity.By != "cookie" || p.Health == nil || p.Health.Type != "http" || p.Health.Path != "/healthz" || p.Health.Interval != time.Second {
		t.Errorf("pool %+v, health %+v", p, p.Health)
	}
	if b := p.Backends[1]; b.Name != "b2" || b.URL.String() != "http://127.0.0.1:9102" || b.Weight != 2 {
		t.Errorf("backend %+v", b)
	}
	if want := filepath.Join("testdata", "good", "state", "affinity.keys"); cfg.Affinity.Keys != want {
		t.Errorf("keys in %q, want %q", cfg.Affinity.Keys, want)
	}
}

func TestRelativePathsBeginAtTheFile(t *testing.T) {
	cfg := load(t, "full.toml")
	dir := filepath.Join("testdata", "good")
	for _, c := range []struct{ got, want string }{
		{cfg.Log.Output, filepath.Join(dir, "sterling.log")},
		{cfg.AccessLog.Output, filepath.Join(dir, "access.log")},
		{cfg.State.Dir, filepath.Join(dir, "var")},
		{cfg.Affinity.Keys, "/run/secrets/affinity.keys"},
		{cfg.TLS.Certificates[0].Cert, filepath.Join(dir, "one.pem")},
		{cfg.TLS.Certificates[1].Key, "/etc/ssl/two.key"},
		{cfg.Pools[0].TLS.CA, filepath.Join(dir, "ca.pem")},
		{cfg.Pools[1].TLS.CA, ""},
	} {
		if c.got != c.want {
			t.Errorf("path %q, want %q", c.got, c.want)
		}
	}
}

func TestValuesAreBroughtIntoOneForm(t *testing.T) {
	cfg := load(t, "full.toml")
	if got, want := cfg.Routes[0].Hosts, []string{"portal.example.org", "*.portal.example.org", "[2001:db8::1]"}; !reflect.DeepEqual(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
	if got, want := cfg.Routes[0].Upgrade, []string{"websocket", "mqtt"}; !reflect.DeepEqual(got, want) {
		t.Errorf("upgrade %q, want %q", got, want)
	}
	if got := cfg.Pools[0].Backends[0].URL.String(); got != "https://app1.internal:8443" {
		t.Errorf("url %q", got)
	}
	if got := cfg.Pools[0].Backends[1].URL.String(); got != "http://[::1]:8080" {
		t.Errorf("url %q", got)
	}
	if got := cfg.Routes[0].MaxBody; got != 10e6 {
		t.Errorf("max_body %d", got)
	}
	if got := cfg.Listeners[0].TrustedProxies[1]; got != netip.MustParsePrefix("192.0.2.7/32") {
		t.Errorf("trusted proxy %v", got)
	}
	if h := cfg.Pools[0].Health; h.StatusMin != 204 || h.StatusMax != 204 {
		t.Errorf("status %d-%d", h.StatusMin, h.StatusMax)
	}
	if got := cfg.Pools[1].Backends; len(got) != 2 || got[1].Weight != 1 || got[1].Priority != 1 {
		t.Errorf("backends of an inline array: %+v", got)
	}
}

// The full file gives each key a value that is not its default. So a key that
// is read into its own field cannot be taken out without the Config changing.
func TestEveryKeyReachesItsOwnField(t *testing.T) {
	full := load(t, "full.toml")
	full.positions = nil
	alive := make(map[string]bool)
	tree, _, _ := decode([]byte(readGood(t, "full.toml")))
	withoutEachKey("", tree, func(key string) {
		cfg, problems := build(full.Path, tree, nil)
		if problems.Err() != nil || !reflect.DeepEqual(cfg, full) {
			alive[schemaPath(key)] = true
		}
	})
	for _, k := range Keys() {
		if !alive[k.Key] {
			t.Errorf("%s is not in full.toml, or is not read", k.Key)
		}
	}
}

// withoutEachKey calls try with each key taken out of the tree in turn.
func withoutEachKey(path string, m map[string]any, try func(key string)) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v, at := m[name], join(path, name)
		delete(m, name)
		try(at)
		m[name] = v
		switch v := v.(type) {
		case map[string]any:
			withoutEachKey(at, v, try)
		case []map[string]any:
			for i, entry := range v {
				withoutEachKey(index(at, i), entry, try)
			}
		}
	}
}

func TestNoKeyStandsTwiceInTheSchema(t *testing.T) {
	seen := make(map[string]bool)
	for _, k := range Keys() {
		if seen[k.Key] {
			t.Errorf("%s stands twice", k.Key)
		}
		seen[k.Key] = true
	}
}

func TestDefaults(t *testing.T) {
	cfg, problems := Parse("min.toml", []byte(`
[[listener]]
address = ":8080"
protocol = "http"
[[route]]
pool = "app"
[[pool]]
name = "app"
[pool.timeout]
response = "7s"
[[pool.backend]]
name = "b1"
url = "http://localhost:9000"
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	cfg.positions = nil
	url := cfg.Pools[0].Backends[0].URL
	want := &Config{
		Path: "min.toml", Log: Log{Level: "info", Output: "stderr"},
		AccessLog: AccessLog{Output: "stdout", Format: "json", Queue: 8192},
		State:     State{Dir: "state"}, Affinity: Affinity{Keys: "state/affinity.keys"},
		TLS: TLS{MinVersion: 0x0303, Watch: 10 * time.Second}, Shutdown: Shutdown{IdleGrace: 2 * time.Second, Timeout: 25 * time.Second},
		Upgrade: Upgrade{Timeout: 30 * time.Second, IdleGrace: 20 * time.Second},
		Listeners: []Listener{{Name: "listener-1", ProxyProtocol: "off", Address: ":8080", Protocol: "http", Idle: time.Minute,
			HeaderTimeout: 10 * time.Second, BodyIdle: 30 * time.Second, WriteIdle: time.Minute, Engine: "native",
			MaxHeader: 16 << 10, MaxHeaders: 100, MaxURI: 8 << 10}},
		Routes: []Route{{Name: "route-1", Paths: []string{"/"}, Pool: "app", MinBodyRate: 240, Upgrade: []string{"websocket"}, EncodedSlash: "reject"}},
		Pools: []Pool{{Name: "app", Policy: "least_requests", AllDown: "try_all", WhenFull: "move", QueueTimeout: 5 * time.Second, HoldRequests: 1000, HoldBytes: 64 << 20, Host: "client",
			Protocol: "h1", Reuse: "idempotent", ReplayBody: 64 << 10, Hedge: HedgeAuto,
			Affinity: PoolAffinity{By: "none", Idle: 30 * time.Minute, Life: 12 * time.Hour, Cookie: "sterling-app"},
			Timeout: Timeout{Connect: time.Second, Response: 7 * time.Second, Total: 14 * time.Second,
				BodyIdle: 30 * time.Second, Tunnel: time.Hour, Idle: 30 * time.Second},
			Backends: []Backend{{Name: "b1", URL: url, Weight: 1, Priority: 1}}}},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestHealthWithoutPathIsTCP(t *testing.T) {
	text := readGood(t, "sample.toml")
	text = strings.Replace(text, `path = "/healthz"`, "", 1)
	cfg, problems := Parse("x.toml", []byte(text))
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	want := Health{Type: "tcp", StatusMin: 200, StatusMax: 399, Interval: time.Second, Timeout: time.Second, Rise: 1, Fall: 2}
	if got := *cfg.Pools[0].Health; got != want {
		t.Errorf("health %+v, want %+v", got, want)
	}
}

func readGood(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "good", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLoadNamesAFileThatIsNotThere(t *testing.T) {
	cfg, problems := Load("testdata/none.toml")
	want := "testdata/none.toml:1: reading the configuration: no such file or directory; name the file with -c FILE"
	if cfg != nil || len(problems) != 1 || problems[0].String() != want {
		t.Errorf("%v, %v\nwant %s", cfg, problems, want)
	}
}
