package headers

// foldByte maps a byte of a header name to the one that stands for all that a
// backend may take for it: letters to lower case, punctuation to a hyphen.
func foldByte(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	}
	return '-'
}

// foldedAlike reports whether s, folded, is the folded name.
func foldedAlike(s, folded string) bool {
	if len(s) != len(folded) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if foldByte(s[i]) != folded[i] {
			return false
		}
	}
	return true
}

// nameSet is a set of folded header names of at most 63 bytes.
type nameSet struct {
	names []string
	// lengths has, for each first byte, a bit for each length. It tells most
	// names of a request apart from those in the set at once.
	lengths [256]uint64
}

// set makes a nameSet of folded names.
func set(names ...string) *nameSet {
	s := &nameSet{names: names}
	for _, n := range names {
		s.lengths[n[0]] |= 1 << len(n)
	}
	return s
}

// has reports whether a name, folded, is in the set.
func (s *nameSet) has(name string) bool {
	if name == "" || s.lengths[foldByte(name[0])]&(1<<len(name)) == 0 {
		return false
	}
	for _, n := range s.names {
		if foldedAlike(name, n) {
			return true
		}
	}
	return false
}
