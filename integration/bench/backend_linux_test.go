package main

import (
	"os"
	"testing"
)

func TestTheBenchIsABackendWhereThereIsNone(t *testing.T) {
	a, err := addresses(2)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var s stage
	defer s.clear()
	p, err := s.start(program{argv: append([]string{self, "backend"}, a...), dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range a {
		if err := ready(t.Context(), p, "http://"+address+"/"); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/", "/1m"} {
		if err := examine(t.Context(), "http://"+a[0], path, ""); err != nil {
			t.Error(err)
		}
	}
	for i, want := range []string{"b1", "b2"} {
		if who, _, err := ask(t.Context(), "http://"+a[i]+"/who", ""); err != nil || string(who) != want {
			t.Errorf("got %s, %v", who, err)
		}
	}
}

func TestAProcessThatEndsIsNotWaitedFor(t *testing.T) {
	var s stage
	defer s.clear()
	p, err := s.start(program{argv: []string{"/bin/sh", "-c", "echo no such thing; exit 3"}, dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := ready(t.Context(), p, "http://127.0.0.1:1/"); err == nil {
		t.Error("it is ready")
	} else if got := err.Error(); got != "it ended (exit status 3): no such thing\n" {
		t.Errorf("got %q", got)
	}
}
