package backend

import (
	"net/http"
	"strings"
	"time"
)

// DrainHeader is the header of a check's answer by which a backend asks to be
// drained: "keep", "when-idle" or "now". Any other value means keep.
const DrainHeader = "Sterling-Drain"

// finding is what a check brought back.
type finding struct {
	failure  error     // why the backend is not fit; nil: it is
	answered bool      // something was said that drain is from
	drain    DrainMode // that the backend asks for; "": none
}

// checked takes the outcome of a check that began at start. A drain that comes
// with it is in force before the backend is up, and over before, too.
func (b *Backend) checked(start time.Time, f finding) {
	if f.answered {
		b.hears(start, f.drain)
	}
	if f.failure == nil {
		b.frost.thaw(start, time.Since(start))
	}
	b.health.checked(start, f.failure)
	b.examined.Store(true)
	b.settle()
}

// Examined reports whether a check of m has ended since the process began,
// whatever it found. Where checks are passive, one that is up is not checked,
// and counts as if it were.
func (m *Member) Examined() bool {
	return m.examined.Load() || m.pool.check.Kind == Passive && m.State() == Up
}

// drainAsked returns the drain that the header of a check's answer asks for.
func drainAsked(h http.Header) DrainMode {
	switch v := strings.ToLower(strings.TrimSpace(h.Get(DrainHeader))); v {
	case "":
		return ""
	case "when-idle", string(WhenIdle):
		return WhenIdle
	case string(Now):
		return Now
	default:
		return Keep
	}
}

// begins reports whether the first word of a body is word.
func begins(body []byte, word string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(string(body), " \t\r\n"), word)
	return ok && (rest == "" || strings.ContainsRune(" \t\r\n,;.:!", rune(rest[0])))
}
