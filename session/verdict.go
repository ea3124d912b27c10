package session

import "sync/atomic"

// Verdict says what the affinity cookie of one request was worth. Only [Valid]
// comes with a pin; all others mean a new assignment and no error.
type Verdict uint8

// The verdicts. The zero value is Absent.
const (
	Absent     Verdict = iota // the request had no such cookie
	Valid                     // verified and within its limits
	Malformed                 // not of the form that this package writes
	Oversized                 // longer than 4 KiB; not looked into
	UnknownKey                // signed by a key that is not, or no longer, in the key file
	Forged                    // the signature does not fit the value
	Foreign                   // genuine, but made for another pool
	Idle                      // genuine, but not seen for longer than the idle limit
	Expired                   // genuine, but born longer ago than the life limit

	verdictCount = iota
)

var verdictWords = [verdictCount]string{
	"absent", "valid", "malformed", "oversized", "unknown_key", "forged", "foreign", "idle", "expired",
}

// String returns the word that logs and metrics use.
func (v Verdict) String() string {
	if int(v) >= len(verdictWords) {
		return "unknown"
	}
	return verdictWords[v]
}

// Verdicts returns all verdicts in the order of their values, in a slice that
// belongs to the caller.
func Verdicts() []Verdict {
	all := make([]Verdict, verdictCount)
	for i := range all {
		all[i] = Verdict(i)
	}
	return all
}

// Counts counts the verdicts of one pool. The zero value is ready. It is safe
// for concurrent use and must not be copied after first use.
type Counts struct {
	n [verdictCount]atomic.Uint64
}

// Of returns how many requests got the verdict v.
func (c *Counts) Of(v Verdict) uint64 {
	if int(v) >= len(c.n) {
		return 0
	}
	return c.n[v].Load()
}

func (c *Counts) add(v Verdict) { c.n[v].Add(1) }
