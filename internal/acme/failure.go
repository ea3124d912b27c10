package acme

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Failure is what is remembered of orders that came to nothing. It outlives the
// process: an authority counts failures, and locks out who goes on.
type Failure struct {
	Count int       `json:"count"` // in a row
	Last  time.Time `json:"last"`
	Next  time.Time `json:"next"` // no order before
	Error string    `json:"error"`
}

// waits are how long it is waited after the first failures, and after all
// further ones. An authority such as Let's Encrypt takes five failed
// validations of a name in an hour; here are four orders in the first, of one
// validation each.
var waits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 3 * time.Hour}

// maxRetryAfter bounds what an authority may ask for.
const maxRetryAfter = 24 * time.Hour

// mostFailures is more than there are in a thousand years. A higher count is no
// one's that ever was written.
const mostFailures = 1 << 30

// errInterrupted is the failure of an order that has not ended, should it never
// do so: a process that is started over and over would order each time.
var errInterrupted = errors.New("the process ended in the middle of an order")

// interrupted reports whether it is of an order that has not ended, or not yet:
// that it never will is known to who has the name's lock.
func (f Failure) interrupted() bool { return f.Error == errInterrupted.Error() }

// after is the failure that follows f. until is when the authority wants to be
// asked again; zero: it did not say.
func (f Failure) after(now, until time.Time, err error) Failure {
	wait := waits[min(f.Count, len(waits)-1)]
	next := now.Add(wait)
	if until.After(next) {
		next = until
	}
	if last := now.Add(maxRetryAfter); next.After(last) {
		next = last
	}
	return Failure{Count: f.Count + 1, Last: now.UTC(), Next: next.UTC(), Error: err.Error()}
}

// readFailure returns what is stored; one that cannot be read is as good as none.
func readFailure(ctx context.Context, s Storage, name string) Failure {
	var f Failure
	data, err := s.Get(ctx, failureKey+name+".json")
	if err != nil || json.Unmarshal(data, &f) != nil || f.Count < 0 || f.Count > mostFailures {
		return Failure{}
	}
	// A clock that was wrong then must not keep a name waiting for ever.
	if last := time.Now().Add(maxRetryAfter); f.Next.After(last) {
		f.Next = last
	}
	return f
}

func (f Failure) store(ctx context.Context, s Storage, name string) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return s.Put(ctx, failureKey+name+".json", append(data, '\n'))
}
