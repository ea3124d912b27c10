package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/config"
)

// aSite has every feature, so that what is written for it uses them all.
func aSite(t *testing.T) site {
	return site{
		dir: t.TempDir(), plain: "127.0.0.1:1", secure: "127.0.0.1:2", backends: []string{"127.0.0.1:3", "127.0.0.1:4"},
		certificate: certificate{"c", "k", "p"}, log: "access.log", threads: 2, routes: 10,
	}
}

func TestConfigurationsOfSterlingHaveNoProblem(t *testing.T) {
	for _, routes := range []int{1, 10, 5000} {
		for _, engine := range []string{"", "standard"} {
			s := aSite(t)
			s.routes = routes
			if _, problems := config.Parse("sterling.toml", []byte(sterlingConfig(s, engine))); len(problems) > 0 {
				t.Errorf("%d routes, engine %q: %.500v", routes, engine, problems)
			}
		}
	}
}

func TestEveryCandidateServesEveryAddressAndKnowsEveryBackend(t *testing.T) {
	for name, write := range map[string]func(string, site) (program, error){"haproxy": haproxy, "nginx": nginxProxy, "caddy": caddy, "sterling": sterling("")} {
		s := aSite(t)
		p, err := write("/bin/proxy", s)
		if err != nil {
			t.Fatal(err)
		}
		text := p.stdout + written(t, s.dir)
		for _, want := range append(s.backends, ":1", ":2", "access.log") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in\n%s", name, want, text)
			}
		}
		if p.argv[0] != "/bin/proxy" {
			t.Errorf("%s starts %v", name, p.argv)
		}
	}
}

func TestBackendsHaveAServerEach(t *testing.T) {
	var addresses []string
	for i := range 1000 {
		addresses = append(addresses, fmt.Sprintf("127.0.%d.%d:80", i/250, i%250+1))
	}
	text := nginxBackends("/files", addresses)
	if n := strings.Count(text, "listen 127."); n != 1000 {
		t.Errorf("%d listen", n)
	}
	if strings.Count(text, "{") != strings.Count(text, "}") {
		t.Error("braces do not match")
	}
}

// written is the text of all files in a folder.
func written(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}
