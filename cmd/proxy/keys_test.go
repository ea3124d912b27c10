package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ids(t *testing.T, s *site) []string {
	t.Helper()
	code, stdout, stderr := call("keys", "list", "-c", s.file)
	if code != exitGood {
		t.Fatalf("keys list: exit %d, %s", code, stderr)
	}
	var list []string
	for line := range strings.Lines(stdout) {
		list = append(list, strings.Fields(line)[0])
	}
	return list
}

func keys(t *testing.T, s *site, args ...string) {
	t.Helper()
	if code, _, stderr := call(append([]string{"keys", "-c", s.file}, args...)...); code != exitGood {
		t.Fatalf("keys %v: exit %d, %s", args, code, stderr)
	}
}

func TestKeysAreAddedPromotedAndDropped(t *testing.T) {
	s := newSite(t)
	if code, _, stderr := call("keys", "list", "-c", s.file); code != exitFailed || !strings.Contains(stderr, "keys add") {
		t.Fatalf("no key file: exit %d, %s", code, stderr)
	}
	if code, _, _ := call("keys", "drop", "x", "-c", s.file); code != exitFailed {
		t.Fatal("dropped a key of a file that is not there")
	}
	keys(t, s, "add")
	first := ids(t, s)
	if len(first) != 1 {
		t.Fatalf("the first add left %v", first)
	}
	keys(t, s, "add")
	second := ids(t, s)
	if len(second) != 2 || second[1] != first[0] {
		t.Fatalf("the second add left %v after %v", second, first)
	}
	keys(t, s, "add", "--verify-only")
	third := ids(t, s)
	if len(third) != 3 || third[0] != second[0] {
		t.Fatalf("an add that only verifies left %v after %v", third, second)
	}
	keys(t, s, "promote", third[2])
	if got := ids(t, s); got[0] != third[2] || len(got) != 3 {
		t.Fatalf("promoting %s left %v", third[2], got)
	}
	keys(t, s, "drop", first[0])
	if got := ids(t, s); len(got) != 2 || strings.Contains(strings.Join(got, " "), first[0]) {
		t.Fatalf("dropping %s left %v", first[0], got)
	}
}

func TestKeysShowNoSecretAndMindTheMode(t *testing.T) {
	s := newSite(t)
	keys(t, s, "add")
	path := filepath.Join(s.dir, "state", "affinity.keys")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(strings.TrimSpace(string(text[strings.LastIndex(strings.TrimSpace(string(text)), "\n")+1:])), ":")
	if len(secret) < 32 {
		t.Fatalf("found no secret in the file")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := call("keys", "list", "-c", s.file)
	if strings.Contains(stdout+stderr, secret) {
		t.Error("the secret was shown")
	}
	if !strings.Contains(stdout, "signs") || !strings.Contains(stderr, "chmod 600") {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
}

func TestABrokenKeyFileHasOneRemedy(t *testing.T) {
	for _, text := range []string{"", "garbage\nand more\n"} {
		s := newSite(t)
		path := filepath.Join(s.dir, "state", "affinity.keys")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		s.put(t, "state/affinity.keys", text)
		const remedy = "; restore it, or remove it: the next start makes a new one, and visitors are pinned anew\n"
		for _, args := range []string{"check", "run", "keys add", "keys list"} {
			code, _, stderr := call(append(strings.Fields(args), "-c", s.file)...)
			if code != exitFailed || strings.Count(stderr, remedy) != 1 || strings.Contains(stderr, `\n`) {
				t.Errorf("%q: %s: exit %d, stderr:\n%s", text, args, code, stderr)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		keys(t, s, "add")
	}
}
