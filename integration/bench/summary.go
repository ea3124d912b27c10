package main

import "slices"

// summary is a table with a line a case and a column a candidate: what each
// case is about, and the two ratios of the first candidate. Cases that compare
// Sterling with itself are not in it. It is empty if there are no others.
func (r *report) summary() [][]string {
	var names []string
	for _, c := range r.Cases {
		for _, row := range c.Rows {
			if c.kind != growth && !slices.Contains(names, row.Candidate) {
				names = append(names, row.Candidate)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	t := [][]string{append(append([]string{"case", "what"}, names...), "ratio", "least")}
	for _, c := range r.Cases {
		if c.kind == growth {
			continue
		}
		subject := c.kind.subject()
		line := []string{c.Case, subject.title}
		first := row{Candidate: names[0]}
		for _, name := range names {
			i := slices.IndexFunc(c.Rows, func(r row) bool { return r.Candidate == name })
			if i < 0 {
				line = append(line, number(0, 0))
				continue
			}
			line = append(line, subject.cell(c.Rows[i]))
			if name == first.Candidate {
				first = c.Rows[i]
			}
		}
		t = append(t, append(line, number(first.Ratio, 2), number(first.Least, 2)))
	}
	return t
}

// subject is the column that the ratio is of.
func (k kind) subject() column {
	switch k {
	case halfRate, halfOwn:
		return p99Column
	case idleMemory:
		return idleColumn
	}
	return costColumn
}
