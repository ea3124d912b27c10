package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc. It is the same on every
// architecture that Linux runs Go on.
const tick = 10 * time.Millisecond

// stat is what the bench wants to know of a line of /proc/PID/stat.
type stat struct {
	pid, parent int
	// cpu is user and system time, with that of the children waited for.
	cpu time.Duration
}

// parseStat reads a line of /proc/PID/stat; see proc(5).
func parseStat(line string) (stat, error) {
	// The name stands in parentheses and may have blanks and parentheses.
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return stat{}, errors.New("no name in a line of /proc/PID/stat")
	}
	const parent, utime, cstime = 1, 11, 14 // places after the name
	f := strings.Fields(line[end+1:])
	if len(f) <= cstime {
		return stat{}, fmt.Errorf("a line of /proc/PID/stat has %d fields after the name", len(f))
	}
	var s stat
	var err error
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line[:open])); err != nil {
		return stat{}, fmt.Errorf("reading a process's id: %w", err)
	}
	if s.parent, err = strconv.Atoi(f[parent]); err != nil {
		return stat{}, fmt.Errorf("reading a parent's id: %w", err)
	}
	for _, v := range f[utime : cstime+1] {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("reading processor time: %w", err)
		}
		s.cpu += time.Duration(n) * tick
	}
	return s, nil
}

// tree returns the processes of all that are root or descend from it.
func tree(all []stat, root int) []stat {
	children := map[int][]stat{}
	var found []stat
	for _, s := range all {
		if s.pid == root {
			found = append(found, s)
		} else {
			children[s.parent] = append(children[s.parent], s)
		}
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// usage is what a process and its descendants used so far.
type usage struct {
	cpu      time.Duration
	resident int64 // bytes now
}

// used asks the kernel about the process root and its descendants.
func used(root int) (usage, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return usage{}, err
	}
	var all []stat
	for _, f := range files {
		b, err := os.ReadFile(f) //nolint:gosec // of /proc
		if err != nil {
			continue // it ended meanwhile
		}
		s, err := parseStat(string(b))
		if err != nil {
			return usage{}, err
		}
		all = append(all, s)
	}
	family := tree(all, root)
	if len(family) == 0 {
		return usage{}, fmt.Errorf("there is no process %d", root)
	}
	var u usage
	for _, s := range family {
		u.cpu += s.cpu
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
		if err != nil {
			continue // a child that ended just now
		}
		u.resident += parseResident(string(b))
	}
	return u, nil
}

// parseResident finds the resident memory in /proc/PID/status, in bytes; 0:
// there is none.
func parseResident(status string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}
