package config

import "strings"

// table is a key whose value is a table with a fixed set of keys.
func table(name string, rows []field) field {
	return field{
		name: name, rows: rows,
		preset: func() { preset(rows) },
		read: func(w *walker, key string, v any) {
			if m, ok := w.oneTable(key, v); ok {
				w.rows(key, m, rows)
			}
		},
	}
}

// optional is a table whose mere presence says something: without it *dst stays nil.
func optional[T any](name string, dst **T, rows func(*T) []field) field {
	return field{
		name: name, rows: rows(new(T)),
		preset: func() {},
		read: func(w *walker, key string, v any) {
			m, ok := w.oneTable(key, v)
			if !ok {
				return
			}
			*dst = new(T)
			made := rows(*dst)
			preset(made)
			w.rows(key, m, made)
		},
	}
}

// tables is a key whose value is an array of tables.
func tables[T any](name string, dst *[]T, rows func(*T) []field) field {
	return field{
		name: name, rows: rows(new(T)), array: true,
		preset: func() {},
		read: func(w *walker, key string, v any) {
			entries, ok := w.manyTables(key, v)
			if !ok {
				return
			}
			*dst = make([]T, len(entries))
			for i, m := range entries {
				made := rows(&(*dst)[i])
				preset(made)
				if m != nil {
					w.rows(index(key, i), m, made)
				}
			}
		},
	}
}

// mapping is a table whose keys are the user's own: each is checked by name,
// each value by text.
func mapping(name string, dst *map[string]string, checkKey, checkText func(string) *fault) field {
	return field{
		name: name, kind: "table of strings", preset: func() {},
		read: func(w *walker, key string, v any) {
			m, ok := w.oneTable(key, v)
			if !ok {
				return
			}
			*dst = make(map[string]string, len(m))
			for name, v := range m {
				at := join(key, name)
				w.given[at] = true
				if f := checkKey(name); f != nil {
					w.fault(at, f)
					continue
				}
				w.text(at, v, accepted{name: "string", example: `"text"`, take: func(text string) *fault {
					(*dst)[name] = text
					return checkText(text)
				}})
			}
		},
	}
}

func preset(rows []field) {
	for _, f := range rows {
		f.preset()
	}
}

// header is how a table stands in a file: [pool.timeout] or [[pool]].
func header(path string, array bool) string {
	path = strings.ReplaceAll(path, "[]", "")
	if array {
		return "[[" + path + "]]"
	}
	return "[" + path + "]"
}
