package backend

// first chooses the first candidate in the order of the configuration.
type first struct{}

func (first) choose(members []*Member, f filter) *Member {
	for _, m := range members {
		if f.admits(m) {
			return m
		}
	}
	return nil
}
