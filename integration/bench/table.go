package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// column is what a table shows of each row.
type column struct {
	title string
	cell  func(row) string
}

var (
	costColumn     = column{"CPU µs/request", func(r row) string { return number(r.Cost, 1) }}
	rateColumn     = column{"requests/s", func(r row) string { return number(r.Rate, 0) }}
	p50Column      = column{"p50 ms", func(r row) string { return number(r.P50, 2) }}
	p99Column      = column{"p99 ms", func(r row) string { return number(r.P99, 2) }}
	residentColumn = column{"resident MiB", func(r row) string { return number(r.Resident/(1<<20), 0) }}
	idleColumn     = column{"kB/connection", func(r row) string { return number(r.Idle/1000, 1) }}
)

// columns of the table of each kind; the ratio stands behind what it is of.
func (k kind) columns() []column {
	ratio := column{"ratio", func(r row) string { return number(r.Ratio, 2) }}
	switch k {
	case halfRate, halfOwn:
		return []column{p50Column, p99Column, ratio, costColumn, rateColumn, residentColumn}
	case idleMemory:
		return []column{idleColumn, ratio, residentColumn}
	}
	return []column{costColumn, ratio, rateColumn, p50Column, p99Column, residentColumn}
}

// cells are the heading and the lines of a case's table.
func (c result) cells() [][]string {
	columns := c.kind.columns()
	heading := []string{"candidate"}
	for _, col := range columns {
		heading = append(heading, col.title)
	}
	t := [][]string{heading}
	for _, r := range c.Rows {
		line := []string{r.Candidate}
		for _, col := range columns {
			line = append(line, col.cell(r))
		}
		t = append(t, line)
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

// tables are all tables of the report, each with its title.
func (r *report) tables() []table {
	var all []table
	if s := r.summary(); len(r.Cases) > 1 && s != nil {
		all = append(all, table{"summary", "ratio of " + s[0][2] + " to the better of HAProxy and nginx; rate: to HAProxy", s, 2})
	}
	for _, c := range r.Cases {
		all = append(all, table{c.Case, c.About, c.cells(), 1})
	}
	return all
}

// table is a heading and lines.
type table struct {
	name, about string
	cells       [][]string
	words       int // columns of words, which stand before those of numbers
}

func (r *report) text(out io.Writer) error {
	var b strings.Builder
	for _, m := range r.Machine {
		fmt.Fprintln(&b, m)
	}
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "\n%s: %s\n", t.name, t.about)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, line := range t.cells {
			_, _ = fmt.Fprintln(w, strings.Join(line, "\t")+"\t") // a Builder takes all
		}
		_ = w.Flush() // a Builder takes all
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *report) markdown(out io.Writer) error {
	var b strings.Builder
	for _, m := range r.Machine {
		fmt.Fprintf(&b, "%s  \n", m)
	}
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "\n**%s**: %s\n\n", t.name, t.about)
		for i, line := range t.cells {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
			if i == 0 {
				fmt.Fprintf(&b, "|%s%s\n", strings.Repeat(" --- |", t.words), strings.Repeat(" ---: |", len(line)-t.words))
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
