package prove

import (
	"fmt"
	"slices"
	"time"
)

// evidence is what the users, the logs and the backends tell of one scenario.
type evidence struct {
	shots   []shot
	outages []outage
	logged  map[string][]entry // lines of the access log by request
	ran     map[string]int     // how often each POST was run; nil: the backends are strangers
	places  places
}

// maxNotes bounds how many losses of a kind are told one by one.
const maxNotes = 3

// count adds up.
func (e evidence) count() Row {
	var r Row
	for _, s := range e.shots {
		r.Requests++
		if s.took > r.slowest {
			r.slowest = s.took
			r.SlowestMS = float64(s.took.Microseconds()) / 1000
		}
		switch {
		case s.failed != "" && (s.own || s.post && e.caught(s)):
			r.AtBackend++
		case s.failed != "" && e.turnedAway(s):
			r.TurnedAway++
			r.note(r.TurnedAway, "%s was turned away: %s%s", s.id, s.failed, e.why(s))
		case s.failed != "":
			r.Failed++
			r.note(r.Failed, "%s failed: %s (its user was at %s)%s", s.id, s.failed, orNowhere(s.from), e.why(s))
		case e.moved(s):
			switch r.Moved++; {
			case e.excused(s):
			case e.crowded(s):
				r.Crowded++
			default:
				r.Needless++
				r.note(r.Needless, "%s: its user moved from %s to %s without need%s", s.id, s.from, s.to, e.why(s))
			}
		}
		e.compare(s, &r)
	}
	return r
}

// compare holds what a user lived through against log and backends.
func (e evidence) compare(s shot, r *Row) {
	if n := len(e.logged[s.id]); s.answered && n != 1 {
		r.Unlogged++
		r.note(r.Unlogged, "%s has %d lines in the access log, not 1%s", s.id, n, e.why(s))
	}
	if !s.post || e.ran == nil {
		return
	}
	switch n := e.ran[s.id]; {
	case n > 1:
		r.Twice++
		r.note(r.Twice, "%s was run %d times%s", s.id, n, e.why(s))
	case n == 0 && s.failed == "":
		r.Failed++
		r.note(r.Failed, "%s was answered and never run%s", s.id, e.why(s))
	}
}

func (e evidence) caught(s shot) bool {
	return slices.ContainsFunc(e.outages, func(o outage) bool { return e.was(s, o.backend) && o.caught(s) })
}

// was reports whether a request was at a backend: the log knows, or else the
// user's own backend is the best guess.
func (e evidence) was(s shot, backend string) bool {
	lines := e.logged[s.id]
	if len(lines) == 0 {
		return s.from == backend
	}
	for _, l := range lines {
		for _, a := range l.Attempts {
			if l.Pool+"/"+a.Backend == backend {
				return true
			}
		}
	}
	return false
}

// moved reports whether a user that was known somewhere is now known elsewhere.
func (e evidence) moved(s shot) bool {
	if e.ran != nil {
		return s.sticky && s.from != "" && s.from != s.to
	}
	return slices.ContainsFunc(e.logged[s.id], func(l entry) bool { return l.Affinity == "moved" })
}

func (e evidence) excused(s shot) bool {
	return slices.ContainsFunc(e.outages, func(o outage) bool { return o.excuses(s) })
}

// why is what the lines of the access log say of a request.
func (e evidence) why(s shot) string {
	if len(e.logged[s.id]) == 0 {
		return " [no line in the access log]"
	}
	text := ""
	for _, l := range e.logged[s.id] {
		text += " [" + l.why() + "]"
	}
	return text
}

func orNowhere(backend string) string {
	if backend == "" {
		return "none yet"
	}
	return backend
}

// note tells of the n-th loss of a kind.
func (r *Row) note(n int, format string, args ...any) {
	if n <= maxNotes {
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	}
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond))
}
