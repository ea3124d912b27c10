package backend

// State is what is known about a backend's fitness.
type State int32

const (
	// Unproven is a backend that no check has reached yet. It is offered to a
	// new visitor only when nothing is up.
	Unproven State = iota
	// Up is a backend that answers.
	Up
	// Down is a backend that does not. It is offered only as a last resort.
	Down
)

// String returns the word for logs, status and metrics.
func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Down:
		return "down"
	default:
		return "unproven"
	}
}
