package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/accesslog"
	"sterling/internal/config"
)

func TestCheckFindsWhatAStartWouldFailAt(t *testing.T) {
	s := newSite(t)
	// Resolvers know names of .onion to lead nowhere (RFC 7686).
	s.configure(t, "first", `
[state]
dir = "key.pem/state"
[[listener]]
name = "nowhere"
address = "nowhere.onion:0"
protocol = "http"
`)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.put(t, "sterling.toml", strings.Replace(string(text), `"access.log"`, `"logs"`, 1))
	before := listing(t, s.dir)
	code, stdout, stderr := call("check", "-c", s.file)
	for _, want := range []string{
		`listener[1].address: "nowhere.onion" does not resolve: `,
		"; " + unresolved,
		":6: access_log.output: " + s.dir + "/logs is a folder; name a file in it",
		"state.dir: " + s.dir + "/key.pem/state: not a directory",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("want %q in:\n%s", want, stderr)
		}
	}
	if code != exitFailed || stdout != "" {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
	if after := listing(t, s.dir); after != before {
		t.Errorf("there was\n%s\nand is\n%s", before, after)
	}
}

func TestCheckSaysWhetherThereIsASyslog(t *testing.T) {
	there := accesslog.CheckSyslog() == nil
	s := newSite(t)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "sterling.toml", strings.Replace(string(text), `"access.log"`, `"syslog"`, 1))
	code, _, stderr := call("check", "-c", s.file)
	said := strings.Contains(stderr, ":6: access_log.output: opening access log: no syslog answers on this machine") &&
		strings.Contains(stderr, "mount its socket")
	if said == there || (code == exitFailed) == there {
		t.Errorf("there is one: %v; exit %d, stderr:\n%s", there, code, stderr)
	}
}

// An error about a place says more than the warning that it is not there yet.
func TestAnErrorTakesThePlaceOfAWarning(t *testing.T) {
	s := newSite(t)
	_, problems := examine(s.file, func(cfg *config.Config) config.Problems {
		return config.Problems{cfg.Problem("state.dir", "cannot be made", "")}
	})
	said := 0
	for _, p := range problems {
		if p.Key == "state.dir" {
			said++
		}
	}
	if said != 1 || problems.Errors() != 1 {
		t.Errorf("found:\n%v", problems)
	}
}

// listing is what a folder holds, with modes, sizes and times.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
