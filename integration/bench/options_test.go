package main

import (
	"io"
	"strings"
	"testing"
)

func TestFlagsChooseCasesByPattern(t *testing.T) {
	o, err := parse([]string{"-case", "h1*,1m", "-n", "5"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"h1": true, "h1-tls-log": true, "1m": true, "1m-tls": false, "h2": false} {
		if o.cases.match(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if o.peers.match("sterling-standard") || !o.peers.match("sterling") {
		t.Errorf("candidates: %v", o.peers)
	}
}

func TestAProfileForTheCompilerIsOfSterlingAlone(t *testing.T) {
	o, err := parse([]string{"-pgo", "x", "-peers", "nginx"}, io.Discard)
	if err != nil || o.peers.match("nginx") || !o.peers.match("sterling") || !o.cases.match("tls-new") || o.cases.match("tls-resumed") {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestBadFlagsAreRefused(t *testing.T) {
	for _, args := range []string{"-case nothing", "-case [", "-n 0", "-n 1000", "-time 1ms", "-time 1h", "-cores one", "-format pdf", "-connections 100000", "h1", "-nonsense"} {
		if o, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s: got %+v", args, o)
		}
	}
}
