package config

import "strings"

// secretKey reports whether the value of a key may be a secret. The key is as the
// TOML library writes it, without the places of entries. One with a letter too
// many, in capitals or in a table of another name is most likely meant as well.
func secretKey(key string) bool {
	key = strings.ToLower(key)
	for _, row := range allRows() {
		if !row.secret {
			continue
		}
		path := strings.ReplaceAll(row.path, "[]", "")
		if strings.HasSuffix(key, row.name) || strings.HasPrefix(key, path+".") {
			return true
		}
	}
	return false
}
