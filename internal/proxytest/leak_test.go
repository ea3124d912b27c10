package proxytest

import (
	"strings"
	"testing"
)

// recordingT notes errors instead of failing.
type recordingT struct {
	testing.TB
	failed   bool
	cleanups []func()
}

func (r *recordingT) Helper()               {}
func (r *recordingT) Errorf(string, ...any) { r.failed = true }
func (r *recordingT) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }

func TestCheckLeaksFindsAGoroutineThatStays(t *testing.T) {
	r := &recordingT{TB: t}
	CheckLeaks(r)
	stop := make(chan struct{})
	go func() { <-stop }()
	r.cleanups[0]()
	close(stop)
	if !r.failed {
		t.Error("a goroutine that stays was not reported")
	}
}

func TestParseLinesLeavesOutALineThatIsBeingWritten(t *testing.T) {
	lines, err := ParseLines([]byte(`{"id":"a","status":200}` + "\n" + `{"id":"b"`))
	if err != nil || len(lines) != 1 || lines[0].Status != 200 {
		t.Errorf("%+v, %v", lines, err)
	}
	if _, err := ParseLines([]byte("no json\n")); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v", err)
	}
}
