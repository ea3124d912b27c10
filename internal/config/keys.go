package config

// KeyDoc describes one key of the schema, for the reference that operators read.
type KeyDoc struct {
	Key      string // dotted, entries of an array of tables as [], "pool[].backend[].url"
	Type     string // "duration", "one of json, console", "list of address range"
	Default  string // as one would write it, or in words; "" for none
	Required bool
	Restart  bool // a change waits for the next start; false: a reload applies it
}

// Keys lists every key that a configuration file may hold, in the order of the
// schema. The tables themselves are not listed.
func Keys() []KeyDoc {
	var keys []KeyDoc
	for _, row := range allRows() {
		if row.rows == nil {
			keys = append(keys, KeyDoc{row.path, row.kind, row.fallback, row.required, row.restart})
		}
	}
	return keys
}

// placed is a row of the schema with the path of its key.
type placed struct {
	path string
	field
}

// allRows lists every row of the schema, tables before their keys.
func allRows() []placed {
	var all []placed
	var add func(path string, rows []field)
	add = func(path string, rows []field) {
		for _, f := range rows {
			at := join(path, f.name)
			all = append(all, placed{at, f})
			if f.array {
				at += "[]"
			}
			add(at, f.rows)
		}
	}
	add("", schema(new(Config)))
	return all
}
