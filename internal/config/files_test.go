package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inFolder writes files into a new folder, by name and mode, and checks a
// configuration there that names a certificate, a CA, logs and a key file.
func inFolder(t *testing.T, files map[string]os.FileMode) (dir string, found Problems) {
	t.Helper()
	dir = t.TempDir()
	for name, mode := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // past the umask
			t.Fatal(err)
		}
	}
	text := `[log]
output = "logs/sterling.log"
[[tls.certificate]]
cert = "cert.pem"
key = "key.pem"
[[listener]]
address = ":8443"
protocol = "https"
[[route]]
pool = "app"
[[pool]]
name = "app"
[pool.affinity]
by = "cookie"
[pool.tls]
ca = "ca.pem"
[[pool.backend]]
name = "b1"
url = "https://app:8443"
`
	cfg, problems := Parse(filepath.Join(dir, "sterling.toml"), []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return dir, CheckFiles(cfg)
}

func TestFilesInOrderAreNoProblem(t *testing.T) {
	_, found := inFolder(t, map[string]os.FileMode{
		"cert.pem": 0o644, "key.pem": 0o600, "ca.pem": 0o644, "logs/x": 0o644, "state/affinity.keys": 0o600,
	})
	if len(found) > 0 {
		t.Error(found)
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	dir, found := inFolder(t, nil)
	const hint = "; relative paths begin at the folder of the configuration file"
	want := []string{
		`2: log.output: the folder DIR/logs: no such file or directory; make it, and let it belong to the user that sterling runs as`,
		`4: tls.certificate[0].cert: opening DIR/cert.pem: no such file or directory` + hint,
		`5: tls.certificate[0].key: opening DIR/key.pem: no such file or directory` + hint,
		`16: pool[0].tls.ca: opening DIR/ca.pem: no such file or directory` + hint,
	}
	got := strings.ReplaceAll(strings.ReplaceAll(found.Error(), dir+"/sterling.toml:", ""), dir, "DIR")
	if got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

func TestSecretsThatAnyoneMayRead(t *testing.T) {
	dir, found := inFolder(t, map[string]os.FileMode{
		"cert.pem": 0o644, "key.pem": 0o644, "ca.pem": 0o644, "logs/x": 0o644, "state/affinity.keys": 0o604,
	})
	if found.Errors() != 0 || len(found) != 2 {
		t.Fatal(found)
	}
	for i, want := range []string{"state/affinity.keys is open to every user of this machine (mode 0604)", "key.pem is open to every user of this machine (mode 0644)"} {
		if want = filepath.Join(dir, want); found[i].Text != want {
			t.Errorf("got %q, want %q", found[i].Text, want)
		}
	}
}

func TestFoldersInPlaceOfFiles(t *testing.T) {
	_, found := inFolder(t, map[string]os.FileMode{
		"cert.pem/x": 0o644, "key.pem": 0o600, "ca.pem": 0o644, "logs": 0o644, "state": 0o644,
	})
	var keys []string
	for _, p := range found {
		keys = append(keys, fmt.Sprint(p.Key, " ", p.Warning))
	}
	want := "affinity.keys false, state.dir false, log.output false, tls.certificate[0].cert false"
	if got := strings.Join(keys, ", "); got != want {
		t.Errorf("got %s\n%v\nwant %s", got, found, want)
	}
}

func TestAKeyFileIsMissedOnlyWhereThereHasBeenAStart(t *testing.T) {
	good := map[string]os.FileMode{"cert.pem": 0o644, "key.pem": 0o600, "ca.pem": 0o644, "logs/x": 0o644}
	if _, found := inFolder(t, good); len(found) > 0 {
		t.Error(found)
	}
	good["state/state.json"] = 0o600
	dir, found := inFolder(t, good)
	want := "13: pool[0].affinity: warning: DIR/state/affinity.keys does not exist and would be made anew; it would not know the cookies of before, " +
		"and other replicas would not share it; put it back or copy it from another replica, or name a shared file in [affinity].keys"
	if got := strings.ReplaceAll(strings.ReplaceAll(found.Error(), dir+"/sterling.toml:", ""), dir, "DIR"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestStateIsNotMissedWhereNothingIsKept(t *testing.T) {
	text := `[[listener]]
address = ":8080"
protocol = "http"
[[route]]
pool = "app"
[[pool]]
name = "app"
[[pool.backend]]
name = "b1"
url = "http://app:8080"
`
	cfg, problems := Parse(filepath.Join(t.TempDir(), "sterling.toml"), []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if found := CheckFiles(cfg); len(found) > 0 {
		t.Error(found)
	}
}

func TestAFolderGoesWithItsContainer(t *testing.T) {
	defer func(was []string) { containerMarks = was }(containerMarks)
	dir := t.TempDir()
	stat, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	containerMarks = []string{filepath.Join(dir, "none")}
	if vanishes(stat, dir) {
		t.Error("outside of a container")
	}
	containerMarks = []string{dir}
	if !vanishes(stat, dir) {
		t.Error("a folder of the container's own file system")
	}
	if vanishes(stat, "/proc") {
		t.Error("a volume")
	}
}
