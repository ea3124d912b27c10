package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sterling/internal/config"
	"sterling/internal/proxytest"
)

const unitFolder = "systemd"

// settings are the values that a unit file gives a key, in their order.
func settings(t *testing.T, file, key string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(unitFolder, file))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			out = append(out, strings.Fields(value)...)
		}
	}
	return out
}

func TestEachListenerHasItsSocketUnit(t *testing.T) {
	cfg, problems := config.Load(filepath.Join(unitFolder, "sterling.toml"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var passed, wanted []string
	for _, unit := range settings(t, "sterling.service", "Sockets") {
		passed = append(passed, settings(t, unit, "FileDescriptorName")...)
	}
	for _, l := range cfg.Listeners {
		name, ok := strings.CutPrefix(l.Address, "fd:")
		if !ok {
			t.Errorf("listener %s is at %s", l.Name, l.Address)
		}
		wanted = append(wanted, name)
	}
	if !slices.Equal(passed, wanted) {
		t.Errorf("the units pass %q, the listeners want %q", passed, wanted)
	}
}

func TestSystemdFindsNoFaultInTheUnits(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		proxytest.Skip(t, "there is no systemd-analyze")
	}
	dir := t.TempDir()
	units, err := filepath.Glob(filepath.Join(unitFolder, "sterling*.s*"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", "--man=no"}
	for _, unit := range units {
		if strings.HasSuffix(unit, ".toml") {
			continue
		}
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		// The program need not be installed here.
		installed := strings.ReplaceAll(string(text), "/usr/local/bin/sterling", "/bin/true")
		path := filepath.Join(dir, filepath.Base(unit))
		if err := os.WriteFile(path, []byte(installed), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if len(args) != 5 {
		t.Fatalf("units %q", args)
	}
	out, err := exec.Command(verify, args...).CombinedOutput() //nolint:gosec,noctx // of systemd
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		t.Error(line)
	}
}
