package config

import (
	"bytes"
	"fmt"

	"github.com/BurntSushi/toml"
)

// Edit reads the file at path, lets edit change its decoded form in place, and
// returns the text of what came of it, without the comments. Nothing is
// validated: give the text to [Parse].
func Edit(path string, edit func(tree map[string]any)) ([]byte, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	tree, _, fault := decode(data)
	if fault != nil {
		fault.File = path
		return nil, Problems{*fault}
	}
	edit(tree)
	var out bytes.Buffer
	if err := toml.NewEncoder(&out).Encode(tree); err != nil {
		return nil, fmt.Errorf("writing a configuration: %w", err)
	}
	return out.Bytes(), nil
}

// Table returns the table under a key of a decoded form, and puts an empty one
// there if there is none.
func Table(tree map[string]any, key string) map[string]any {
	t, ok := tree[key].(map[string]any)
	if !ok {
		t = make(map[string]any)
		tree[key] = t
	}
	return t
}

// Tables returns the array of tables under a key of a decoded form; none when
// it is not there.
func Tables(tree map[string]any, key string) []map[string]any {
	switch list := tree[key].(type) {
	case []map[string]any:
		return list
	case []any:
		var out []map[string]any
		for _, v := range list {
			if t, ok := v.(map[string]any); ok {
				out = append(out, t)
			}
		}
		return out
	}
	return nil
}
