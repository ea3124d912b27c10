package proxytest

import (
	"testing"
	"time"
)

// patience is how long a condition may take on a machine that is busy with
// other things. A test that passes never waits for it.
const patience = 20 * time.Second

// poll is the pause between two looks at a condition.
const poll = 5 * time.Millisecond

// Eventually waits until cond holds and fails the test with what when it does
// not come to hold within twenty seconds.
func Eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !Within(patience, cond) {
		t.Fatalf("still waiting after %v for: %s", patience, what)
	}
}

// Within reports whether cond came to hold before limit had passed.
func Within(limit time.Duration, cond func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(poll) {
		if cond() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
