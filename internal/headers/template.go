package headers

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Template is a header value in which ${name} stands for something of the
// request, and $$ for a dollar sign. Make one with [Compile].
type Template struct {
	static string // the whole value, if there are no parts
	parts  []segment
}

// segment is a placeholder, or a literal if that is none.
type segment struct {
	literal     string
	placeholder placeholder
}

// Compile reads a header value for one side. The error names an unknown
// placeholder and the nearest known one, a placeholder that has no value on
// this side, a dollar sign that begins nothing, or says that the value holds a
// control byte.
//
// The placeholders are those of [Vars].
func Compile(side Side, value string) (*Template, error) {
	if !httpguts.ValidHeaderFieldValue(value) {
		return nil, errors.New("a header value holds no control bytes; write it in one line")
	}
	t := new(Template)
	var literal strings.Builder
	for rest := value; rest != ""; {
		before, after, found := strings.Cut(rest, "$")
		literal.WriteString(before)
		if !found {
			break
		}
		if rest, found = strings.CutPrefix(after, "$"); found {
			literal.WriteByte('$')
			continue
		}
		name, end, ok := cutName(after)
		if !ok {
			return nil, errors.New("a dollar sign begins no placeholder; write ${name}, or $$ for the sign itself")
		}
		p, err := lookUp(side, name)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, segment{literal: literal.String()}, segment{placeholder: p})
		literal.Reset()
		rest = end
	}
	if len(t.parts) == 0 {
		t.static = literal.String()
		return t, nil
	}
	t.parts = append(t.parts, segment{literal: literal.String()})
	return t, nil
}

// cutName reads "{name}" at the start of s.
func cutName(s string) (name, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, "{")
	if !ok {
		return "", "", false
	}
	return strings.Cut(s, "}")
}

// lookUp finds a placeholder.
func lookUp(side Side, name string) (placeholder, error) {
	for _, p := range placeholderNames {
		if p.name != name {
			continue
		}
		if p.inAnswersOnly() && side != Response {
			return none, fmt.Errorf("${%s} has no value before the answer; use it in a response rule", name)
		}
		return p.placeholder, nil
	}
	return none, fmt.Errorf("there is no placeholder ${%s}; %s", name, suggest(side, name))
}

// suggest names the placeholder nearest to a misspelt one, or all of them.
func suggest(side Side, name string) string {
	var all []string
	nearest, best := "", len(name)/2+1
	for _, p := range placeholderNames {
		if p.inAnswersOnly() && side != Response {
			continue
		}
		all = append(all, "${"+p.name+"}")
		if d := distance(name, p.name); d < best {
			nearest, best = p.name, d
		}
	}
	if nearest != "" {
		return "did you mean ${" + nearest + "}?"
	}
	return "there are " + strings.Join(all, " ")
}

// distance is the number of bytes to insert, delete or exchange to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Expand returns the value for one request. It is false, and the value empty,
// if what came out cannot be a header value: it holds CR, LF, NUL or another
// control byte. A value without placeholders, and one that is nothing but a
// placeholder for text, costs no allocation.
func (t *Template) Expand(v *Vars) (string, bool) {
	if len(t.parts) == 0 {
		return t.static, true
	}
	if s, ok := t.single(v); ok {
		if !httpguts.ValidHeaderFieldValue(s) {
			return "", false
		}
		return s, true
	}
	var room [256]byte
	buf := t.append(room[:0], v)
	for _, c := range buf {
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", false
		}
	}
	return string(buf), true
}

// single is the value of a template that consists of one placeholder for text.
func (t *Template) single(v *Vars) (string, bool) {
	if len(t.parts) != 3 || t.parts[0].literal != "" || t.parts[2].literal != "" || t.parts[1].placeholder.formatted() {
		return "", false
	}
	return t.parts[1].placeholder.text(v), true
}

func (t *Template) append(buf []byte, v *Vars) []byte {
	for _, s := range t.parts {
		if s.placeholder == none {
			buf = append(buf, s.literal...)
		} else {
			buf = s.placeholder.append(buf, v)
		}
	}
	return buf
}
