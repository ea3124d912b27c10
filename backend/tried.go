package backend

// Tried is the set of members that one request has been offered already. The
// zero value is empty. It allocates nothing in pools of up to 64 members. It
// is meaningful only for the [Pool] whose members were added to it.
type Tried struct {
	low  uint64
	more []uint64 // members 64 and up, 64 to a word
	n    int
}

// Add puts m into the set.
func (t *Tried) Add(m *Member) {
	if t.Has(m) {
		return
	}
	t.n++
	if m.index < 64 {
		t.low |= 1 << m.index
		return
	}
	word := m.index/64 - 1
	if word >= len(t.more) {
		t.more = append(t.more, make([]uint64, word+1-len(t.more))...)
	}
	t.more[word] |= 1 << (m.index % 64)
}

// Has reports whether m is in the set.
func (t *Tried) Has(m *Member) bool {
	if m.index < 64 {
		return t.low&(1<<m.index) != 0
	}
	word := m.index/64 - 1
	return word < len(t.more) && t.more[word]&(1<<(m.index%64)) != 0
}

// Len returns the number of members in the set.
func (t *Tried) Len() int { return t.n }
