package proxy

import (
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/config"
)

// Nobody knows the name that a file has for a moment, and it is the state folder
// that is at fault.
func TestKeysThatCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("k", 255) // there is no room for more in front of it
	cfg, problems := config.Parse(filepath.Join(dir, "sterling.toml"), []byte(`
[state]
dir = "state"
[affinity]
keys = "`+name+`"
[[listener]]
address = "127.0.0.1:0"
protocol = "http"
`+appPool("http://127.0.0.1:1")))
	if problems.Errors() > 0 {
		t.Fatal(problems)
	}
	_, err := New(cfg, Options{})
	if want := "sterling.toml:3: state.dir: creating key file: making a file in " + dir + "/state: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
