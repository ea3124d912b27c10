package http1

import (
	"errors"
	"testing"
)

func TestAPanicOfASpooledBodyReachesWhoeverWaits(t *testing.T) {
	spool := NewSpool(panicking{}, 10)
	for range 2 { // the spool stays in order
		body, ok := spool.Attempt()
		c := newServer(t, func(s *server) { s.head() })
		_, _, err := fetch(c, &Exchange{Request: request(t, "POST", 5), Body: body})
		var panicked *PanicError
		if !ok || !errors.As(err, &panicked) || panicked.Value != "no body" {
			t.Errorf("%v", err)
		}
	}
}
