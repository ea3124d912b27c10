package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// sample is what one measurement found.
type sample struct {
	Candidate string `json:"candidate"`
	Round     int    `json:"round"`
	outcome
	Cost     float64 `json:"cpu_us,omitempty"`     // of a request
	Rate     float64 `json:"rate,omitempty"`       // requests a second
	Resident int64   `json:"resident_bytes"`       // of all its processes, after the load
	Idle     float64 `json:"idle_bytes,omitempty"` // of a connection
}

// String is for the progress output.
func (s sample) String() string {
	if s.Idle != 0 {
		return fmt.Sprintf("%.1f kB a connection, %.0f MiB", s.Idle/1000, float64(s.Resident)/(1<<20))
	}
	return fmt.Sprintf("%.1f µs, %.0f requests/s, p50 %.2f ms, p99 %.2f ms, %.0f MiB", s.Cost, s.Rate, s.P50, s.P99, float64(s.Resident)/(1<<20))
}

// report is all that was found.
type report struct {
	Machine []string `json:"machine"`
	Cases   []result `json:"cases"`
}

// result is what was found in one case.
type result struct {
	Case    string   `json:"case"`
	About   string   `json:"about"`
	Samples []sample `json:"samples"`
	Rows    []row    `json:"medians"`

	kind kind
}

// row is the medians of one candidate in one case.
type row struct {
	Candidate string  `json:"candidate"`
	Cost      float64 `json:"cpu_us,omitempty"`
	// Ratio of what the case is about to that of its best reference, which is
	// the better of HAProxy and nginx in most cases; 0: none took part.
	Ratio float64 `json:"ratio,omitempty"`
	// Least is the same ratio of the least that each had in any round, which
	// the noise of the machine touches less than the median.
	Least    float64 `json:"least_ratio,omitempty"`
	Rate     float64 `json:"rate,omitempty"`
	P50      float64 `json:"p50_ms,omitempty"`
	P99      float64 `json:"p99_ms,omitempty"`
	Resident float64 `json:"resident_bytes"`
	Idle     float64 `json:"idle_bytes,omitempty"`
}

// add takes the samples of a case.
func (r *report) add(t trial, samples []sample) {
	rows, least := rowsOf(samples, median), rowsOf(samples, least)
	k := kinds[t.kind]
	best, lowestOf := lowest(rows, k.value, k.reference), lowest(least, k.value, k.reference)
	for i := range rows {
		rows[i].Ratio = ratio(k.value(rows[i]), best)
		rows[i].Least = ratio(k.value(least[i]), lowestOf)
	}
	r.Cases = append(r.Cases, result{Case: t.name, About: t.about, Samples: samples, Rows: rows, kind: t.kind})
}

// rowsOf makes a row of each candidate, in the order of their first samples, each
// value the one that pick makes of those of all rounds.
func rowsOf(samples []sample, pick func([]float64) float64) []row {
	var names []string
	for _, s := range samples {
		if !slices.Contains(names, s.Candidate) {
			names = append(names, s.Candidate)
		}
	}
	rows := make([]row, len(names))
	for i, name := range names {
		of := func(value func(sample) float64) float64 {
			var v []float64
			for _, s := range samples {
				if s.Candidate == name {
					v = append(v, value(s))
				}
			}
			return pick(v)
		}
		rows[i] = row{
			Candidate: name,
			Cost:      of(func(s sample) float64 { return s.Cost }),
			Rate:      of(func(s sample) float64 { return s.Rate }),
			P50:       of(func(s sample) float64 { return s.P50 }),
			P99:       of(func(s sample) float64 { return s.P99 }),
			Resident:  of(func(s sample) float64 { return float64(s.Resident) }),
			Idle:      of(func(s sample) float64 { return s.Idle }),
		}
	}
	return rows
}

// lowest returns the lowest value that one of the named rows has, and 0 when
// none has one.
func lowest(rows []row, value func(row) float64, names []string) float64 {
	var low float64
	for _, r := range rows {
		if v := value(r); slices.Contains(names, r.Candidate) && v > 0 && (low == 0 || v < low) {
			low = v
		}
	}
	return low
}

// machine describes what the numbers belong to.
func machine(o options, backend string) []string {
	how := "candidate on one core, load and backends on another"
	if o.cores == both {
		how = "all on all cores"
	}
	return []string{
		fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version()),
		fmt.Sprintf("%s; medians of %d rounds of %v; backends: %s", how, o.rounds, o.time.Round(time.Second), backend),
	}
}

func (r *report) print(out io.Writer, format string) error {
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "markdown":
		return r.markdown(out)
	}
	return r.text(out)
}
