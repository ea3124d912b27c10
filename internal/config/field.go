package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// field is one row of the schema: a key of a table, how its value is read and
// what the documentation says of it.
type field struct {
	name     string
	kind     string // for people: "duration"
	fallback string // the default, as the documentation writes it
	required bool
	restart  bool // a change takes effect at the next start only
	secret   bool // nothing that is printed may hold the value, or of a table any of its values

	preset func()                                 // writes the default
	read   func(w *walker, key string, value any) // writes the value, or reports
	rows   []field                                // of a table: its keys
	array  bool                                   // of a table: [[name]]
}

// needed marks a key that has no default.
func (f field) needed() field { f.required = true; return f }

// atStart marks a key that a reload cannot change.
func (f field) atStart() field { f.restart = true; return f }

// hidden marks a key whose value, or a table whose values, are nobody's business.
func (f field) hidden() field { f.secret = true; return f }

// says replaces the default's text in the documentation.
func (f field) says(fallback string) field { f.fallback = fallback; return f }

// then runs after the default and after the value was written.
func (f field) then(do func()) field {
	preset, read := f.preset, f.read
	f.preset = func() { preset(); do() }
	f.read = func(w *walker, key string, v any) { read(w, key, v); do() }
	return f
}

// fault is what a value has wrong.
type fault struct{ text, hint string }

func faultf(hint, format string, args ...any) *fault {
	return &fault{text: fmt.Sprintf(format, args...), hint: hint}
}

// kind reads one sort of value from its text.
type kind[T any] struct {
	name    string // for people: "duration"
	example string // what a value of another type should have looked like
	numbers bool   // an integer is taken as its digits
	secret  bool   // its values are never shown, not even in part
	parse   func(string) (T, *fault)
}

// value is a key whose value is of kind k, with the default as one would write it.
func value[T any](name string, dst *T, fallback string, k kind[T]) field {
	return field{
		name: name, kind: k.name, fallback: fallback, secret: k.secret,
		preset: func() {
			if fallback != "" {
				*dst, _ = k.parse(fallback)
			}
		},
		read: func(w *walker, key string, v any) { w.text(key, v, k.accept(func(t T) { *dst = t })) },
	}
}

// accepted is a kind that has its place for the result.
type accepted struct {
	name, example string
	numbers       bool
	take          func(string) *fault
}

func (k kind[T]) accept(set func(T)) accepted {
	return accepted{k.name, k.example, k.numbers, func(text string) *fault {
		t, f := k.parse(text)
		if f == nil {
			set(t)
		}
		return f
	}}
}

// list is a key whose value is an array of kind k.
func list[T any](name string, dst *[]T, fallback []string, k kind[T]) field {
	return field{
		name: name, kind: "list of " + k.name + "s", fallback: tomlList(fallback), secret: k.secret,
		preset: func() {
			for _, text := range fallback {
				t, _ := k.parse(text)
				*dst = append(*dst, t)
			}
		},
		read: func(w *walker, key string, v any) {
			*dst = []T{}
			items, ok := v.([]any)
			if !ok {
				w.wrongType(key, "a list", v, "write ["+k.example+"]")
				return
			}
			for i, item := range items {
				w.text(index(key, i), item, k.accept(func(t T) { *dst = append(*dst, t) }))
			}
		},
	}
}

// filled refuses the empty array, where it would say the same as no key and look
// as if it said the contrary.
func (f field) filled(instead string) field {
	read := f.read
	f.read = func(w *walker, key string, v any) {
		if items, ok := v.([]any); ok && len(items) == 0 {
			w.fault(key, faultf(instead, "the list is empty"))
			return
		}
		read(w, key, v)
	}
	return f
}

// span bounds an integer.
type span struct{ from, to int64 }

// integer is a key whose value is a whole number.
func integer(name string, dst *int, fallback int, in span) field {
	return field{
		name: name, kind: "integer", fallback: strconv.Itoa(fallback),
		preset: func() { *dst = fallback },
		read: func(w *walker, key string, v any) {
			n, ok := v.(int64)
			switch {
			case !ok:
				w.wrongType(key, "an integer", v, "write a number without quotes")
			case n < in.from || n > in.to:
				w.fault(key, faultf("", "%d is out of range: from %d to %d", n, in.from, in.to))
			default:
				*dst = int(n)
			}
		},
	}
}

// boolean is a key whose value is true or false, and false by default.
func boolean(name string, dst *bool) field {
	return field{
		name: name, kind: "boolean", fallback: "false",
		preset: func() { *dst = false },
		read: func(w *walker, key string, v any) {
			b, ok := v.(bool)
			if !ok {
				w.wrongType(key, "true or false", v, "write true or false without quotes")
				return
			}
			*dst = b
		},
	}
}

func tomlList(items []string) string {
	if items == nil {
		return ""
	}
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// typeName is how people call what the TOML library made of a value.
func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "an array of tables"
	}
	return "something else"
}
