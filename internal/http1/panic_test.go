package http1

import (
	"errors"
	"math"
	"testing"
)

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("no body") }

func TestAPanicOfTheBodyReachesWhoeverWaits(t *testing.T) {
	// The largest length there is must not be what panics.
	for _, length := range []int64{5, -1, math.MaxInt64} {
		c := newServer(t, func(s *server) { s.head() })
		_, _, err := fetch(c, &Exchange{Request: request(t, "POST", length), Body: panicking{}})
		var panicked *PanicError
		if !errors.As(err, &panicked) || panicked.Value != "no body" || len(panicked.Stack) == 0 {
			t.Errorf("length %d: %v", length, err)
		}
	}
}
