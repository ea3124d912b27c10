package config

import (
	"fmt"
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
	known := slices.Clone(builtinFormats)
	for name := range l.Formats {
		known = append(known, name)
	}
	if w.clean("access_log.format", "access_log.formats") && !slices.Contains(known, l.Format) {
		w.fault("access_log.format", unknownName("format", l.Format, known))
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

// unknownName is the fault of a name that nothing has.
func unknownName(what, name string, known []string) *fault {
	hint := "define it, or take the name of another " + what
	if best := nearest(name, known); best != "" {
		hint = fmt.Sprintf("did you mean %q?", best)
	} else if n := len(known); n > 0 && n <= 8 {
		slices.Sort(known)
		hint = "known: " + strings.Join(known, ", ")
	}
	return faultf(hint, "there is no %s %q", what, name)
}

// idle is the fault of a setting without effect.
func idle(hint, format string, args ...any) *fault {
	f := faultf(hint, format, args...)
	f.text = "has no effect: " + f.text
	return f
}
