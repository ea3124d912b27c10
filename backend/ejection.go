package backend

import "time"

// Ejection is the time that an outlier stays out of the choice.
type Ejection struct {
	Reason string // "5 gateway errors in a row", "60 % of 45 requests failed", "typically 2.1s, the pool 180ms"
	Errors bool   // for errors: known visitors move, too; else for its slowness
	Since  time.Time
	Until  time.Time
}
