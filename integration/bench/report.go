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
	Cost     float64 `json:"cpu_us"`         // of a request
	Rate     float64 `json:"rate"`           // requests a second
	Resident int64   `json:"resident_bytes"` // of all its processes, after the load
}

// String is for the progress output.
func (s sample) String() string {
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
}

// row is the medians of one candidate in one case.
type row struct {
	Candidate string  `json:"candidate"`
	Cost      float64 `json:"cpu_us"`
	// Ratio of the cost to that of the better of HAProxy and nginx; 0: neither
	// took part.
	Ratio    float64 `json:"ratio,omitempty"`
	Rate     float64 `json:"rate"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Resident float64 `json:"resident_bytes"`
}

// add takes the samples of a case.
func (r *report) add(t trial, samples []sample) {
	r.Cases = append(r.Cases, result{Case: t.name, About: t.about, Samples: samples, Rows: medians(samples)})
}

// medians makes a row of each candidate, in the order of their first samples.
func medians(samples []sample) []row {
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
			return median(v)
		}
		rows[i] = row{
			Candidate: name,
			Cost:      of(func(s sample) float64 { return s.Cost }),
			Rate:      of(func(s sample) float64 { return s.Rate }),
			P50:       of(func(s sample) float64 { return s.P50 }),
			P99:       of(func(s sample) float64 { return s.P99 }),
			Resident:  of(func(s sample) float64 { return float64(s.Resident) }),
		}
	}
	best := bestPeer(rows, func(r row) float64 { return r.Cost })
	for i := range rows {
		rows[i].Ratio = ratio(rows[i].Cost, best)
	}
	return rows
}

// bestPeer returns the lower of the values of HAProxy and nginx, and 0 when
// neither has one.
func bestPeer(rows []row, value func(row) float64) float64 {
	var best float64
	for _, r := range rows {
		if r.Candidate != "haproxy" && r.Candidate != "nginx" {
			continue
		}
		if v := value(r); v > 0 && (best == 0 || v < best) {
			best = v
		}
	}
	return best
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
