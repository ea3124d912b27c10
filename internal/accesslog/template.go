package accesslog

import (
	"errors"
	"fmt"
	"strings"
)

// The NCSA formats, as Apache writes them.
const (
	commonTemplate   = `${client} - - [${time_ncsa}] "${request}" ${status} ${bytes_ncsa}`
	combinedTemplate = commonTemplate + ` "${referer}" "${user_agent}"`
)

// template is a compiled line format.
type template []segment

// segment is a value with the fixed text before it. Only the last segment of a
// template may be without a value.
type segment struct {
	before string
	value  func(b []byte, r *Record, quoted bool) []byte
	quoted bool // stands between double quotes
}

// compile reads a line format in which ${key} stands for a value and $$ for a
// dollar sign.
func compile(src string) (template, error) {
	if src == "" {
		return nil, errors.New("it is empty")
	}
	if strings.ContainsFunc(src, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return nil, errors.New("it holds a line break or another control character")
	}
	var t template
	var before strings.Builder
	quoted := false
	for src != "" {
		fixed, rest, found := strings.Cut(src, "$")
		before.WriteString(fixed)
		quoted = quoted != (strings.Count(fixed, `"`)%2 == 1)
		switch {
		case strings.HasPrefix(rest, "{"):
			v, after, err := cutKey(rest[1:])
			if err != nil {
				return nil, err
			}
			t = append(t, segment{before.String(), v, quoted})
			before.Reset()
			rest = after
		case found:
			before.WriteByte('$')
			rest = strings.TrimPrefix(rest, "$")
		}
		src = rest
	}
	return append(t, segment{before: before.String()}), nil
}

// cutKey reads "key}" from the start of src.
func cutKey(src string) (v func([]byte, *Record, bool) []byte, after string, err error) {
	key, after, closed := strings.Cut(src, "}")
	if !closed {
		return nil, "", fmt.Errorf("%q is not closed by }", "${"+key)
	}
	for i := range values {
		if values[i].key == key {
			return values[i].append, after, nil
		}
	}
	return nil, "", fmt.Errorf("unknown key %q; did you mean ${%s}?", "${"+key+"}", nearestKey(key))
}

func (t template) append(b []byte, r *Record) []byte {
	for i := range t {
		b = append(b, t[i].before...)
		if t[i].value != nil {
			b = t[i].value(b, r, t[i].quoted)
		}
	}
	return append(b, '\n')
}
