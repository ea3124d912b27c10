package headers

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Rules change the headers of one side: first they remove, then set, then add.
// Make them with [CompileRules]. A nil Rules changes nothing.
type Rules struct {
	remove   []string // canonical
	prefixes []string // of names to remove
	set, add []rule
	varying  int // how many of them have a placeholder
}

type rule struct {
	name   string // canonical
	value  *Template
	static []string // the value, if it is the same for all; shared, and never written to
}

// RuleError is one fault in the rules of a configuration.
type RuleError struct {
	// Key names the rule: "set.X-Front", "remove[0]".
	Key string
	// Err says what is wrong with it, and after a semicolon what to do.
	Err error
}

// notForRules frame a message or belong to a connection; the proxy alone
// writes them.
var notForRules = set(
	"connection", "content-length", "http2-settings", "keep-alive", "proxy-connection",
	"te", "trailer", "transfer-encoding", "upgrade",
)

// CompileRules reads rules for one side: templates by header name to set and
// to add, and names to remove, which may end in "*" to remove all that begin
// alike. It finds every fault: names that are no header names, that the proxy
// alone writes, or that are given twice; and what [Compile] refuses. The Rules
// are good for use only if there are none.
func CompileRules(side Side, set, add map[string]string, remove []string) (*Rules, []RuleError) {
	c := ruleCompiler{side: side}
	r := &Rules{set: c.compile("set", set), add: c.compile("add", add)}
	for i, name := range remove {
		key := fmt.Sprintf("remove[%d]", i)
		stem, wild := strings.CutSuffix(name, "*")
		canonical, err := c.name(stem)
		switch {
		case err != nil:
			c.faults = append(c.faults, RuleError{key, err})
		case wild:
			r.prefixes = append(r.prefixes, stem)
		default:
			r.remove = append(r.remove, canonical)
		}
	}
	r.varying = c.varying
	return r, c.faults
}

// ruleCompiler is the state of one CompileRules.
type ruleCompiler struct {
	side    Side
	varying int
	faults  []RuleError
}

// compile reads one table, in the order of names, so that all runs agree.
func (c *ruleCompiler) compile(table string, values map[string]string) []rule {
	var out []rule
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key := table + "." + name
		canonical, err := c.name(name)
		if err == nil && slices.ContainsFunc(out, func(r rule) bool { return r.name == canonical }) {
			err = fmt.Errorf("%s is given twice, in different case; leave one out", canonical)
		}
		if err != nil {
			c.faults = append(c.faults, RuleError{key, err})
			continue
		}
		t, err := Compile(c.side, values[name])
		if err != nil {
			c.faults = append(c.faults, RuleError{key, err})
			continue
		}
		r := rule{name: canonical, value: t}
		if len(t.parts) > 0 {
			c.varying++
		} else {
			r.static = []string{t.static}
		}
		out = append(out, r)
	}
	return out
}

// name checks a header name and returns it in canonical form.
func (c *ruleCompiler) name(s string) (string, error) {
	if !httpguts.ValidHeaderFieldName(s) || strings.Contains(s, "*") {
		return "", errors.New("this is no header name; it consists of letters, digits and hyphens")
	}
	s = http.CanonicalHeaderKey(s)
	if notForRules.has(s) {
		return "", fmt.Errorf("%s belongs to the connection, and is written by the proxy alone; leave it out", s)
	}
	if s == "Host" && c.side == Request {
		return "", errors.New(`the Host of requests is chosen for a pool; use host = "client" or "backend" there`)
	}
	return s, nil
}

// Static reports whether no value has a placeholder, so that Apply may be given
// nil for the Vars.
func (r *Rules) Static() bool { return r == nil || r.varying == 0 }

// Apply changes h. It returns how many set and add rules were dropped because
// their value, expanded, could not stand in a header (see [Template.Expand]).
// A header whose set rule is dropped is removed: what stood there before is
// not what the rule was to leave.
//
// A value without placeholders is one slice in all headers that it is put
// into. Whoever changes such a header must replace the slice, as the methods
// of [http.Header] do, and not write to its elements.
func (r *Rules) Apply(h http.Header, v *Vars) (dropped int) {
	if r == nil {
		return 0
	}
	room := Room{all: make([]string, r.varying)}
	return r.ApplyIn(h, v, &room)
}

// ApplyIn is Apply with the space for values from room.
func (r *Rules) ApplyIn(h http.Header, v *Vars, room *Room) (dropped int) {
	if r == nil {
		return 0
	}
	r.removeFrom(h)
	for i := range r.set {
		s := &r.set[i]
		if s.static != nil {
			h[s.name] = s.static
			continue
		}
		value, ok := s.value.Expand(v)
		if !ok {
			dropped++
			delete(h, s.name)
			continue
		}
		h[s.name] = room.one(value)
	}
	for i := range r.add {
		a := &r.add[i]
		value, ok := a.value.Expand(v)
		switch {
		case !ok:
			dropped++
		case len(h[a.name]) > 0:
			h[a.name] = append(slices.Clip(h[a.name]), value)
		case a.static != nil:
			h[a.name] = a.static
		default:
			h[a.name] = room.one(value)
		}
	}
	return dropped
}

func (r *Rules) removeFrom(h http.Header) {
	for _, name := range r.remove {
		delete(h, name)
	}
	for _, prefix := range r.prefixes {
		for name := range h {
			if hasPrefixFold(name, prefix) && !notForRules.has(name) {
				delete(h, name)
			}
		}
	}
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
