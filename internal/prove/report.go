package prove

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what came of a rehearsal.
type Report struct {
	Live bool  `json:"live"` // at the configured backends
	Rows []Row `json:"scenarios"`
}

// Row is what came of one scenario.
type Row struct {
	Scenario  string  `json:"scenario"`
	Requests  int     `json:"requests"`
	Failed    int     `json:"failed"`         // without an excuse
	AtBackend int     `json:"at_backend"`     // POSTs at a backend when it died or froze, and what a failing one answered
	Twice     int     `json:"run_twice"`      // POSTs
	Moved     int     `json:"moved"`          // users, to another backend
	Needless  int     `json:"needless_moves"` // of those, from a backend that did its work and had room
	Unlogged  int     `json:"unlogged"`       // answered, and not with exactly one line in the access log
	SlowestMS float64 `json:"slowest_ms"`
	// good | lost | overloaded: nothing lost, and some turned away | skipped: nothing
	// could be done, and a note says why
	Verdict    string   `json:"verdict"`
	Notes      []string `json:"notes"`       // the first losses, and what else is worth knowing
	TurnedAway int      `json:"turned_away"` // by the front door, because all places were taken; run nowhere
	Crowded    int      `json:"full_moves"`  // of those that moved, from a backend that was full

	slowest time.Duration
}

// The verdicts.
const (
	good       = "good"
	lost       = "lost"
	overloaded = "overloaded"
	skipped    = "skipped"
)

// judge fills in the verdict.
func (r *Row) judge() {
	r.Verdict = good
	switch {
	case r.Failed+r.Twice+r.Needless+r.Unlogged > 0:
		r.Verdict = lost
	case r.TurnedAway > 0:
		r.Verdict = overloaded
	}
	if r.Notes == nil {
		r.Notes = []string{}
	}
}

// Lost reports whether anything was lost that ought not to be.
func (r *Report) Lost() bool { return r.has(lost) }

// Overloaded reports whether a scenario proved nothing, because requests were turned
// away for want of places.
func (r *Report) Overloaded() bool { return r.has(overloaded) }

func (r *Report) has(verdict string) bool {
	return slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Verdict == verdict })
}

// Print writes the table.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "scenario\trequests\tfailed\tturned away\tat a failed backend\trun twice\tmoved\tneedless\tslowest\tverdict\t") // Flush says what went wrong
	for _, x := range r.Rows {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%s\t\n", x.Scenario, x.Requests, x.Failed, x.TurnedAway, x.AtBackend,
			x.Twice, x.Moved, x.Needless, milliseconds(x.SlowestMS).Round(time.Millisecond), x.Verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, x := range r.Rows {
		for _, note := range x.Notes {
			if _, err := fmt.Fprintf(w, "%s: %s\n", x.Scenario, note); err != nil {
				return err
			}
		}
	}
	return nil
}

// PrintJSON writes the report as JSON.
func (r *Report) PrintJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
