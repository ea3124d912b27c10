package backend

// rank is the order in which a pool offers its members to new visitors.
type rank int32

const (
	fit      rank = iota // up
	stuck                // up, but neither a request nor a check is answered
	untested             // unproven
	leaving              // would rather be drained, as it says itself
	ejected              // up or unproven, but an outlier
	broken               // down
	barred               // disabled, or drained by an operator: never offered
)

// rank returns where b stands at the moment.
func (b *Backend) rank() rank {
	aside := b.standing.aside.Load()
	switch state := b.State(); {
	case aside&asideBarred != 0:
		return barred
	case state == Down:
		return broken
	case aside&asideEjected != 0:
		return ejected
	case aside&asideLeaving != 0:
		return leaving
	case state == Unproven:
		return untested
	case b.frost.stuck.Load():
		return stuck
	}
	return fit
}
