package config

import (
	"fmt"
	"slices"
	"strings"
)

// unknownHint says what an unknown key of a table was probably meant to be.
func (w *walker) unknownHint(key, name string, rows []field) string {
	var known []string
	for _, f := range rows {
		known = append(known, f.name)
	}
	if len(w.problems) > maxHints {
		return ""
	}
	hints := make([]string, 0, 2)
	if best := nearest(name, known); best != "" {
		hints = append(hints, fmt.Sprintf("did you mean %q?", best))
	}
	if homes := homesOf(name, w.schema()); len(homes) > 0 {
		hints = append(hints, fmt.Sprintf("%s is a key of %s", printable(name), strings.Join(homes, ", ")))
	}
	if best := nearest(name, allNames(w.schema())); len(hints) == 0 && best != "" {
		hints = append(hints, fmt.Sprintf("%s is a key of %s", best, strings.Join(homesOf(best, w.schema()), ", ")))
	}
	if len(hints) == 0 {
		hints = append(hints, fmt.Sprintf("%s knows %s", describeTable(key), strings.Join(known, ", ")))
	}
	return strings.Join(hints, " ")
}

// maxHints bounds the work for a file that is no configuration at all.
const maxHints = 1000

// nearest is the function of that name, as long as hints are of use.
func (w *walker) nearest(name string, words []string) string {
	if len(w.problems) > maxHints {
		return ""
	}
	return nearest(name, words)
}

// homesOf lists the tables that know a key, three at most.
func homesOf(name string, all []placed) []string {
	var homes []string
	for _, row := range all {
		if table := parent(row.path); row.name == name && table != "" && len(homes) < 3 {
			homes = append(homes, describeTable(table))
		}
	}
	return homes
}

// allNames lists the keys of every table but the file itself.
func allNames(all []placed) []string {
	var names []string
	for _, row := range all {
		if row.path != row.name {
			names = append(names, row.name)
		}
	}
	return names
}

// nearest is the word that name was probably meant to be, or "".
func nearest(name string, words []string) string {
	name = strings.ToLower(name)
	words = words[:min(len(words), 200)] // a hint is not worth more
	best, least := "", max(1, min(len(name)/2, 3))+1
	for _, word := range words {
		lower := strings.ToLower(word)
		if d := distance(name, lower); d < least && d < len(word) {
			best, least = word, d
		}
	}
	if best != "" {
		return best
	}
	// A word cut short or one with a tail: "cert" for "certificate".
	if i := slices.IndexFunc(words, func(word string) bool {
		return len(name) >= 3 && strings.HasPrefix(strings.ToLower(word), name) ||
			len(word) >= 3 && strings.HasPrefix(name, strings.ToLower(word))
	}); i >= 0 {
		return words[i]
	}
	return ""
}

// distance counts the edits between two words: a byte more, a byte less,
// another byte, or two neighbours swapped. Long words are not compared.
func distance(a, b string) int {
	if len(a) > maxName || len(b) > maxName {
		return maxName
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
