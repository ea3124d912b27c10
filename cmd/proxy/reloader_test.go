package main

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/rs/zerolog"

	"sterling/internal/admin"
	"sterling/internal/config"
)

// idleReloader has a file that is not there.
func idleReloader() *reloader {
	return newReloader(&config.Config{Path: "/nonexistent/sterling.toml"}, &process{log: &processLog{Logger: zerolog.Nop()}})
}

func TestNoReloadBeginsWhileTheProcessStops(t *testing.T) {
	r := idleReloader()
	r.Close(t.Context())
	r.Soon()
	r.Close(t.Context())
	var refusal *admin.Refusal
	if _, err := r.Now(t.Context()); !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		t.Errorf("reload while stopping: %v", err)
	}
}

func TestOneReloadRunsAtATime(t *testing.T) {
	r := idleReloader()
	defer r.Close(t.Context())
	r.running.Lock()
	_, err := r.Now(t.Context())
	r.running.Unlock()
	var refusal *admin.Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		t.Errorf("a second reload: %v", err)
	}
	if _, err := r.Now(t.Context()); !errors.As(err, &refusal) || refusal.Status == http.StatusConflict || len(refusal.Problems) == 0 {
		t.Errorf("a reload afterwards, of a file that is not there: %v", err)
	}
}

func TestAStopDoesNotWaitForAReloadThatHangs(t *testing.T) {
	r := idleReloader()
	r.running.Lock() // it runs, and does not end
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if r.Close(over) {
		t.Error("a reload that runs has ended")
	}
	r.running.Unlock()
	if !r.Close(t.Context()) {
		t.Error("a reload that has ended still runs")
	}
}
