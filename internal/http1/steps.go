package http1

import "time"

// steps cut the time of an exchange into pieces, after each of which it is
// asked whether it should go on. That is for what would otherwise need a
// goroutine or a timer for each exchange, most of which are over before the
// first step.
type steps struct {
	ask func() error // nil: nobody
	at  time.Time    // when the next one is over; zero: there is none
	gap time.Duration
}

// stepsFrom begins them. Without someone to ask there is but one: see push.
func stepsFrom(now time.Time, ask func() error) steps {
	return steps{ask: ask, at: now.Add(firstLook), gap: firstLook}
}

// takeStep asks, if it is time to, and returns why the exchange must not go on.
func (c *ClientConn) takeStep() error {
	if ask := c.nextStep(); ask != nil {
		return ask()
	}
	return nil
}

// nextStep returns whom to ask; nil: nobody, or not yet.
func (c *ClientConn) nextStep() func() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, now := &c.steps, time.Now()
	if c.cause != nil || !reached(s.at, now) {
		return nil
	}
	if s.ask == nil {
		s.at = noDeadline
		return nil
	}
	s.gap = min(2*s.gap, laterLook)
	s.at = now.Add(s.gap)
	return s.ask
}

// endSteps is called when the connection changes hands.
func (c *ClientConn) endSteps() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = steps{}
}
