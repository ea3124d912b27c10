package proxy

import "sterling/internal/state"

// instructions are what an old process hears from the one that serves: all
// orders, whenever one has changed.
type instructions struct {
	// Serial names this state of the orders. It is unlike that of any other
	// process, so that an answer to an earlier one is not taken for one to this.
	Serial int64 `json:"serial"`
	// Pools has the backends that were drained, disabled or given a weight.
	Pools map[string]state.Pool `json:"pools"`
	// Leaving: the process that serves was told to stop; nothing is wrong when
	// it ends.
	Leaving bool `json:"leaving"`
}

// report is what an old process says of itself, whenever it changes.
type report struct {
	Serial int64  `json:"serial"` // of the instructions that are in force
	Loads  []load `json:"loads"`  // of the backends at which something is under way
}

// load is what is under way at a backend.
type load struct {
	Pool     string `json:"pool"`
	Backend  string `json:"backend"`
	InFlight int64  `json:"in_flight"` // tunnels among them
	Tunnels  int    `json:"tunnels"`
}
