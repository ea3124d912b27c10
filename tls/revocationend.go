package tls

import (
	"fmt"
	"time"
)

// RevocationEnd says until when a revocation list is good.
type RevocationEnd struct {
	Authority string // by its name; with a renewed key it has several lists
	Begins    time.Time
	Ends      time.Time // zero: it does not say
}

// soon is how long before its end one is told of a list, but for one that does
// not live for ten times as long.
const soon = 24 * time.Hour

// Over reports whether the list has ended.
func (e RevocationEnd) Over(now time.Time) bool { return !e.Ends.IsZero() && now.After(e.Ends) }

// Soon reports whether the list has ended, or will before long: within a day, and
// within the last tenth of its life.
func (e RevocationEnd) Soon(now time.Time) bool {
	return !e.Ends.IsZero() && e.Ends.Sub(now) <= min(soon, e.Ends.Sub(e.Begins)/10)
}

func (e RevocationEnd) end() string { return e.Ends.UTC().Format(time.RFC3339) }

// listEnded is the error of a list that has ended. It is put into words when
// somebody reads it, for requests are checked, too.
type listEnded struct{ list *revocationList }

func (e listEnded) Error() string {
	return fmt.Sprintf("the revocation list of %s has ended on %s: nobody of that authority gets in", e.list.Authority, e.list.end())
}

// RevocationEnds are those of all lists.
func (c *Clients) RevocationEnds() []RevocationEnd { return c.ends }
