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
	eachRow("", schema(new(Config)), func(path string, f field) {
		if f.rows == nil && !f.later {
			keys = append(keys, KeyDoc{path, f.kind, f.fallback, f.required, f.restart})
		}
	})
	return keys
}

// eachRow visits every row of the schema, tables before their keys.
func eachRow(path string, rows []field, visit func(path string, f field)) {
	for _, f := range rows {
		at := join(path, f.name)
		visit(at, f)
		if f.array {
			at += "[]"
		}
		eachRow(at, f.rows, visit)
	}
}
