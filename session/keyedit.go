package session

import (
	"slices"
	"strings"
)

// text is the content of the key file.
func (k *Keys) text() string { return strings.Join(k.content().lines, "\n") + "\n" }

// edited is a key file under change: its lines, and which of them are keys.
type edited struct {
	lines []string
	at    []int
}

func (k *Keys) edit() edited {
	e := edited{lines: slices.Clone(k.content().lines)}
	for _, key := range k.all() {
		e.at = append(e.at, key.line)
	}
	return e
}

func (k *Keys) cut(i int) edited { return k.edit().remove(i) }

// remove takes the i-th key's line out; comments stay.
func (e edited) remove(i int) edited {
	line := e.at[i]
	e.lines = slices.Delete(e.lines, line, line+1)
	e.at = slices.Delete(e.at, i, i+1)
	for j := i; j < len(e.at); j++ {
		e.at[j]--
	}
	return e
}

// put makes line the i-th key and returns the result.
func (e edited) put(i int, line string) (*Keys, error) {
	where := len(e.lines)
	switch {
	case i < len(e.at):
		where = e.at[i]
	case len(e.at) > 0:
		where = e.at[len(e.at)-1] + 1
	}
	e.lines = slices.Insert(e.lines, where, line)
	return e.keys()
}

// keys reads the result as if it came from a file.
func (e edited) keys() (*Keys, error) {
	r, err := parseKeys("new keys", []byte(strings.Join(e.lines, "\n")+"\n"))
	if err != nil {
		return nil, err
	}
	return keysOf(r), nil
}
