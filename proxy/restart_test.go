package proxy

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"sterling/internal/config"
)

var (
	tomlHeader = regexp.MustCompile(`^\[+([a-z_0-9.]+)\]+$`)
	tomlKey    = regexp.MustCompile(`^([a-z_0-9]+) *=`)
)

// The file gives each key a value that is not its default, so that each is
// changed by taking its line out.
func TestAReloadNamesEachKeyThatNeedsARestart(t *testing.T) {
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
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		if m := tomlHeader.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			table = m[1]
		}
		m := tomlKey.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		key := table + "." + m[1]
		if _, known := restart[key]; !known {
			key = table // of a mapping: its keys are the user's own
		}
		cfg, _ := config.Parse("full.toml", []byte(strings.Join(lines[:i], "")+strings.Join(lines[i+1:], "")))
		if cfg == nil {
			continue // it must be there
		}
		tried[key] = true
		if told := compare(full, cfg).Restart; (len(told) > 0) != restart[key] {
			t.Errorf("%s: a restart is needed for %q", key, told)
		}
	}
	// A file without one of these alone is refused; they are compared with the
	// whole of their table.
	for _, key := range []string{"listener.address", "listener.protocol", "access_log.formats", "admin.token", "tls.acme.eab_key_id", "tls.acme.eab_key"} {
		tried[key] = true
	}
	for key, needed := range restart {
		if needed && !tried[key] {
			t.Errorf("%s is not tried", key)
		}
	}
}
