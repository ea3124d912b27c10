package main

import (
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
	r.Close()
	r.Soon()
	r.Close()
	var refusal *admin.Refusal
	if _, err := r.Now(t.Context()); !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		t.Errorf("reload while stopping: %v", err)
	}
}

func TestOneReloadRunsAtATime(t *testing.T) {
	r := idleReloader()
	defer r.Close()
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
