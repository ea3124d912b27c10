package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sterling/internal/config"
)

func TestProcessLogFollowsARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "process.log")
	var w world
	l, err := openProcessLog(w.env(), config.Log{Output: path, Level: "info"})
	if err != nil {
		t.Fatal(err)
	}
	l.Info().Msg("before")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Info().Msg("between")
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Info().Msg("after")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, path+".1"); got != "before between" {
		t.Errorf("the rotated file holds %q", got)
	}
	if got := messages(t, path); got != "after" {
		t.Errorf("the new file holds %q", got)
	}
	if w.stderr.String() != "" {
		t.Errorf("stderr got %q", w.stderr.String())
	}
}

func TestProcessLogGoesOnWhenItCannotBeReopened(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var w world
	l, err := openProcessLog(w.env(), config.Log{Output: filepath.Join(dir, "process.log")})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err == nil {
		t.Error("reopening in a folder that is gone: no error")
	}
	l.Info().Msg("still here")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, filepath.Join(dir+".old", "process.log")); got != "still here" {
		t.Errorf("the old file holds %q", got)
	}
}

func TestProcessLogDoesNotWaitForAReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "process.log")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	var w world
	if _, err := openProcessLog(w.env(), config.Log{Output: path}); err == nil || !strings.Contains(err.Error(), path+": nobody reads") {
		t.Errorf("a pipe that nobody reads from: %v", err)
	}
}

func TestProcessLogHoldsBackWhatIsBelowItsLevel(t *testing.T) {
	var w world
	l, err := openProcessLog(w.env(), config.Log{Output: "stdout", Format: "json", Level: "warn"})
	if err != nil {
		t.Fatal(err)
	}
	l.Info().Msg("quiet")
	l.Warn().Msg("loud")
	if got := w.stdout.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") {
		t.Errorf("logged %q", got)
	}
}

func TestNoControlByteReachesTheConsole(t *testing.T) {
	var w world
	l, err := openProcessLog(w.env(), config.Log{Format: "console"})
	if err != nil {
		t.Fatal(err)
	}
	l.Info().Str("field", "a\x1b[31mb\nc").Msg("red \x1b[31m and a\nline")
	if got := strings.TrimSuffix(w.stderr.String(), "\n"); strings.ContainsAny(got, "\x1b\n") {
		t.Errorf("logged %q", got)
	}
}

// messages are those of a JSON log, in order.
func messages(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		var event struct{ Message, Time string }
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Time == "" {
			t.Fatalf("log line %q: %v", line, err)
		}
		list = append(list, event.Message)
	}
	return strings.Join(list, " ")
}
