package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// cells are the heading and the lines of a case's table.
func (c result) cells() [][]string {
	t := [][]string{{"candidate", "CPU µs/request", "ratio", "requests/s", "p50 ms", "p99 ms", "resident MiB"}}
	for _, r := range c.Rows {
		t = append(t, []string{
			r.Candidate, number(r.Cost, 1), number(r.Ratio, 2), number(r.Rate, 0), number(r.P50, 2), number(r.P99, 2), number(r.Resident/(1<<20), 0),
		})
	}
	return t
}

// number writes a value with so many digits after the point; "–": there is none.
func number(v float64, digits int) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

func (r *report) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, m := range r.Machine {
		_, _ = fmt.Fprintln(w, m) // Flush has the error
	}
	for _, c := range r.Cases {
		_, _ = fmt.Fprintf(w, "\n%s: %s\n", c.Case, c.About)
		for _, line := range c.cells() {
			_, _ = fmt.Fprintln(w, strings.Join(line, "\t")+"\t")
		}
	}
	return w.Flush()
}

func (r *report) markdown(out io.Writer) error {
	var b strings.Builder
	for _, m := range r.Machine {
		fmt.Fprintf(&b, "%s  \n", m)
	}
	for _, c := range r.Cases {
		fmt.Fprintf(&b, "\n**%s**: %s\n\n", c.Case, c.About)
		for i, line := range c.cells() {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
			if i == 0 {
				fmt.Fprintf(&b, "| --- |%s\n", strings.Repeat(" ---: |", len(line)-1))
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
