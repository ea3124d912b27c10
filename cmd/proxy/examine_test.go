package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"sterling/internal/config"
)

// What is left of a broken file goes through the same further checks as a
// sound one, and must be refused there without a panic.
func TestExamineOutlivesBrokenFiles(t *testing.T) {
	full, err := os.ReadFile("../../internal/config/testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sterling.toml")
	const seed = 1
	r := rand.New(rand.NewPCG(seed, seed))
	refused := 0
	for range 400 {
		lines := bytes.Split(bytes.Clone(full), []byte("\n"))
		for range 1 + r.IntN(4) {
			i, j := r.IntN(len(lines)), r.IntN(len(lines))
			switch r.IntN(3) {
			case 0:
				lines[i] = nil
			case 1:
				lines[i], lines[j] = lines[j], lines[i]
			case 2:
				if before, _, ok := bytes.Cut(lines[i], []byte("=")); ok {
					lines[i] = append(bytes.Clone(before), "= -1"...)
				}
			}
		}
		if err := os.WriteFile(path, bytes.Join(lines, []byte("\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, problems := examine(path, config.CheckPlaces); problems.Errors() > 0 {
			refused++
		}
	}
	if refused < 300 {
		t.Errorf("%d of 400 broken files were refused: the files are not broken", refused)
	}
}

func TestExamineFindsWhatComesAfterAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sterling.toml")
	const text = `[[listener]]
name = "front"
address = "127.0.0.1:8443"
protocol = "https"
[[tls.certificate]]
cert = "none.pem"
key = "none.key"
[[route]]
pool = "app"
[route.request.set]
X-A = "${nonsense}"
[[pool]]
name = "app"
[[pool.backend]]
name = "b1"
url = "http://127.0.0.1:1"
weight = -1
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems := examine(path)
	for _, key := range []string{"tls.certificate[0].cert", "tls.certificate[0].key", "route[0].request.set.X-A", "pool[0].backend[0].weight"} {
		found := 0
		for _, p := range problems {
			if p.Key == key {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s is named %d times in:\n%v", key, found, problems)
		}
	}
}
