//go:build race

package http2

// raceEnabled: pools drop things at random, then.
const raceEnabled = true
