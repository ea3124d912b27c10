package accesslog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// format appends one line, its newline included.
type format func(b []byte, r *Record) []byte

// Formats that need no template. A name of Options.Formats must not be one of
// them.
var builtin = map[string]string{"json": "", "common": commonTemplate, "combined": combinedTemplate}

// CheckFormat tells whether [Open] would accept the format and the templates,
// all of which are checked, used or not. The error joins every fault found,
// one for each bad template in the order of their names.
func CheckFormat(name string, templates map[string]string) error {
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		if _, taken := builtin[key]; taken {
			faults = append(faults, fmt.Errorf("access log format %q is built in and cannot be defined again", key))
		}
		if _, err := compile(templates[key]); err != nil {
			faults = append(faults, fmt.Errorf("reading access log format %q: %w", key, err))
		}
	}
	if _, defined := templates[name]; !defined && name != "" {
		if _, ok := builtin[name]; !ok {
			faults = append(faults, fmt.Errorf("unknown access log format %q; use %s", name, known(templates)))
		}
	}
	return errors.Join(faults...)
}

func known(templates map[string]string) string {
	names := append([]string{"json", "combined", "common"}, slices.Sorted(maps.Keys(templates))...)
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func newFormat(name string, templates map[string]string) (format, error) {
	if err := CheckFormat(name, templates); err != nil {
		return nil, err
	}
	if name == "" || name == "json" {
		return appendJSON, nil
	}
	src, ok := builtin[name]
	if !ok {
		src = templates[name]
	}
	t, err := compile(src)
	return t.append, err
}
