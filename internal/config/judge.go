package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// judge looks at what single values cannot tell: names that are taken or
// missing, settings that contradict each other or do nothing.
func (w *walker) judge(cfg *Config) {
	w.judgeLogs(&cfg.AccessLog)
	w.judgeAdmin(cfg.Admin)
	w.judgeListeners(cfg.Listeners)
	w.judgeRedirects(cfg.Listeners)
	w.judgeAddresses(cfg)
	w.judgeCertificates(cfg)
	w.judgeRoutes(cfg)
	w.judgePools(cfg)
}

func (w *walker) judgeLogs(l *AccessLog) {
	if w.clean("access_log.format", "access_log.formats") {
		formats := append(slices.Clone(builtinFormats), slices.Sorted(maps.Keys(l.Formats))...)
		w.known("access_log.format", l.Format, define("format", formats))
	}
}

// unique wants names to differ; key is where the i-th stands.
func (w *walker) unique(what string, names []string, key func(i int) string) {
	first := make(map[string]int)
	for i, name := range names {
		j, taken := first[name]
		switch {
		case name == "" || !w.clean(key(i)):
		case taken:
			w.fault(key(i), faultf("another "+what+" has it at "+w.at(key(j)), "the name %q is taken", name))
		default:
			first[name] = i
		}
	}
}

// defined are the names that one sort of thing has in the file.
type defined struct {
	what string
	list []string
	has  map[string]bool
}

func define(what string, list []string) defined {
	d := defined{what, list, make(map[string]bool, len(list))}
	for _, name := range list {
		d.has[name] = true
	}
	return d
}

// known wants a name to be one of those that the file defines.
func (w *walker) known(key, name string, d defined) {
	if d.has[name] {
		return
	}
	hint := "define it, or take the name of another " + d.what
	if best := w.nearest(name, d.list); best != "" {
		hint = fmt.Sprintf("did you mean %q?", best)
	} else if n := len(d.list); n > 0 && n <= 8 {
		hint = "known: " + strings.Join(d.list, ", ")
	}
	w.fault(key, faultf(hint, "there is no %s %q", d.what, name))
}

// idle is the fault of a setting without effect.
func idle(hint, format string, args ...any) *fault {
	f := faultf(hint, format, args...)
	f.text = "has no effect: " + f.text
	return f
}
