package proxytest

import "strings"

// Field is one header or trailer line as it was sent.
type Field struct{ Name, Value string }

// Recorded is one request as it arrived at a [Recorder], byte for byte.
type Recorded struct {
	Conn int // number of the connection, from 1
	Seq  int // number of the request on its connection, from 1

	Method, Target, Proto string
	Header                []Field
	Body                  []byte // without its framing
	Trailer               []Field

	Raw      []byte // everything that was read for this request
	Complete bool   // its end was seen: a server would run it
	Fault    string // the first departure from RFC 9112; "" for a well-formed request
}

// Values returns the values of all lines of that name, in any case.
func (r *Recorded) Values(name string) []string {
	var out []string
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}

// Get returns the values of all lines of that name, joined as RFC 9110
// section 5.3 has it; "" when there is none.
func (r *Recorded) Get(name string) string { return strings.Join(r.Values(name), ", ") }

// Has reports whether there is a line of that name.
func (r *Recorded) Has(name string) bool { return len(r.Values(name)) > 0 }

// Alias returns the names of all lines that a server which takes "_" for "-"
// would read as name.
func (r *Recorded) Alias(name string) []string {
	fold := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "-")) }
	var out []string
	for _, f := range append(append([]Field(nil), r.Header...), r.Trailer...) {
		if fold(f.Name) == fold(name) {
			out = append(out, f.Name)
		}
	}
	return out
}

// WellFormed reports whether the request was complete and without a fault.
func (r *Recorded) WellFormed() bool { return r.Complete && r.Fault == "" }

// String is the request as it was sent, quoted line by line.
func (r *Recorded) String() string {
	note := ""
	if !r.Complete {
		note = " (cut)"
	}
	if r.Fault != "" {
		note += " (fault: " + r.Fault + ")"
	}
	return Quote(string(r.Raw)) + note
}

// Quote shows bytes so that every one can be told: CR, LF and the like as
// escapes.
func Quote(s string) string {
	const limit = 600
	cut := ""
	if len(s) > limit {
		s, cut = s[:limit], "…"
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c >= 0x7f:
			b.WriteString(`\x` + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + cut
}
