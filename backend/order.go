package backend

import "time"

// Duty is whether a backend is to serve, whatever its health.
type Duty int32

const (
	// Serving takes new visitors and known ones.
	Serving Duty = iota
	// Draining takes known visitors alone, as its [DrainMode] says.
	Draining
	// Disabled takes nobody.
	Disabled
)

// String returns the word for logs, status and metrics.
func (d Duty) String() string {
	switch d {
	case Draining:
		return "draining"
	case Disabled:
		return "disabled"
	default:
		return "serving"
	}
}

// DrainMode says when the known visitors of a draining backend move.
type DrainMode string

// The modes of a drain.
const (
	Keep     DrainMode = "keep"      // they stay for as long as they come
	WhenIdle DrainMode = "when_idle" // one that was silent for Order.Quiet moves when it returns
	Now      DrainMode = "now"       // each moves with its next request
)

// The words for who gave an [Order].
const (
	ByOperator = "operator"
	ByBackend  = "backend"
)

// defaultQuiet is how long a visitor is silent before he may move.
const defaultQuiet = 5 * time.Minute

// Order is what an operator, or the backend itself, asks of a backend beside
// its health. The zero value asks for nothing: the backend serves.
type Order struct {
	Duty  Duty
	Mode  DrainMode     // of Draining; "": Keep
	Quiet time.Duration // WhenIdle: a visitor silent for that long moves; 0: 5m
	Since time.Time     // when it was given; zero: now
	// Until is the end of the drain's patience: from then on known visitors
	// move, too. Zero: never.
	Until time.Time
	By    string // ByOperator or ByBackend; "" in the zero value
}

// complete fills in what the giver left open.
func (o Order) complete(by string) *Order {
	if o.Duty == Serving {
		return nil
	}
	if o.By = by; o.Since.IsZero() {
		o.Since = time.Now()
	}
	if o.Duty == Disabled {
		o.Mode, o.Quiet, o.Until = "", 0, time.Time{}
		return &o
	}
	switch o.Mode {
	case WhenIdle:
		if o.Quiet <= 0 {
			o.Quiet = defaultQuiet
		}
	case Now:
		o.Quiet = 0
	default:
		o.Mode, o.Quiet = Keep, 0
	}
	return &o
}

// keeps reports whether a known visitor stays.
func (o *Order) keeps(v Visitor) bool {
	if o.Duty != Draining {
		return o.Duty == Serving
	}
	if !o.Until.IsZero() && !time.Now().Before(o.Until) {
		return false
	}
	return o.Mode == Keep || o.Mode == WhenIdle && v.Silent < o.Quiet
}
