package integration

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"sterling/internal/proxytest"
)

// The lines of the suite about affinity.

func oneCookieAndTheSameServer(s *suite) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	for range 6 {
		g, err := newcomer(d)
		if err != nil {
			return err
		}
		if g.set != 1 {
			return fmt.Errorf("the first answer sets %d cookies", g.set)
		}
		if err := g.stays(100); err != nil {
			return err
		}
		g.leave()
	}
	return nil
}

func brokenCookies(s *suite) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	g, err := newcomer(d)
	if err != nil {
		return err
	}
	name := slices.Sorted(maps.Keys(g.cookies))[0]
	good := g.cookies[name]
	last := "A"
	if strings.HasSuffix(good, last) {
		last = "B"
	}
	tampered := good[:len(good)-1] + last
	for what, value := range map[string]string{
		"tampered": tampered, "truncated": good[:len(good)/2], "foreign": "s%3Aother.cookie", "oversized": strings.Repeat("x", 6000),
		"empty": "", "duplicate": tampered + "; " + name + "=" + good,
	} {
		g := newGuest(d)
		g.cookies[name] = value
		if err := g.get(); err != nil {
			return fmt.Errorf("%s cookie: %w", what, err)
		}
		if g.set == 0 && what != "duplicate" {
			return fmt.Errorf("%s cookie: it is not replaced", what)
		}
	}
	return nil
}

func restartKeepsCookies(s *suite) error {
	return s.cookiesOutlast(func(d door) (door, error) { return d, d.restart() })
}

func replicasShareCookies(s *suite) error {
	return s.cookiesOutlast(door.replica)
}

// cookiesOutlast looks whether visitors find their backends again behind another door.
func (s *suite) cookiesOutlast(change func(d door) (door, error)) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	var guests []*guest
	for range 30 {
		g, err := newcomer(d)
		if err != nil {
			return err
		}
		guests = append(guests, g)
	}
	other, err := change(d)
	if err != nil {
		return err
	}
	for _, g := range guests {
		own := g.by
		g.leave()
		if g.door = other; g.get() != nil || g.by != own {
			return fmt.Errorf("a visitor of %s comes to %s", own, g.by)
		}
	}
	return nil
}

func keysRotate(s *suite) error {
	renewed := 0
	if err := s.cookiesOutlast(func(d door) (door, error) { return d, d.rotate() }); err != nil {
		return err
	}
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	g, err := newcomer(d)
	if err != nil {
		return err
	}
	if err := d.rotate(); err != nil {
		return err
	}
	if err := g.get(); err != nil {
		return err
	}
	if renewed += g.set; renewed != 1 {
		return fmt.Errorf("the cookie of the old key is not signed anew")
	}
	return nil
}

func idleAndAbsoluteExpiry(s *suite) error {
	unit, late := time.Second, time.Second/2
	if *peers {
		unit, late = 4*time.Second, 4*time.Second // there are cookies that tell the time no closer
	}
	d, err := s.open(plan{seats: s.seats(3), idle: 2 * unit, life: 6 * unit})
	if err != nil {
		return err
	}
	idle, err := newcomer(d)
	if err != nil {
		return err
	}
	before := time.Now()
	busy, err := newcomer(d)
	if err != nil {
		return err
	}
	born := time.Now()
	comes := func(until time.Duration) error {
		for time.Since(before) < until {
			time.Sleep(unit / 2)
			if err := busy.stays(1); err != nil {
				return fmt.Errorf("a visitor who comes all the time: %w", err)
			}
		}
		return nil
	}
	if err := comes(4 * unit); err != nil {
		return err
	}
	if !s.forgotten(d, idle) {
		return fmt.Errorf("a visitor is known after twice the idle time")
	}
	// His cookie is renewed until the end, so that it is not for his silence.
	if err := comes(5 * unit); err != nil {
		return err
	}
	time.Sleep(time.Until(born.Add(6*unit + late)))
	if !s.forgotten(d, busy) {
		return fmt.Errorf("a visitor is known for longer than the life of a session")
	}
	return nil
}

// forgotten reports whether a guest's cookie binds him no more.
func (*suite) forgotten(d door, g *guest) bool {
	at := map[string]bool{}
	for range 12 {
		again := newGuest(d)
		again.cookies = maps.Clone(g.cookies)
		if again.get() == nil {
			at[again.by] = true
		}
		again.leave()
	}
	return len(at) > 1
}

func onlyAQuarterMoves(s *suite) error {
	n := 1000
	if *long {
		n = 10000
	}
	seats := s.seats(4)
	d, err := s.open(plan{seats: seats})
	if err != nil {
		return err
	}
	was, guests, err := s.distribution(d, n)
	if err != nil {
		return err
	}
	gone := seats[3]
	if err := d.reload(s.plan.with(seats[:3]...)); err != nil {
		return err
	}
	now := map[string]int{}
	for _, g := range guests {
		own := g.by
		if err := g.get(); err != nil {
			return err
		}
		if own != gone.name && g.by != own {
			return fmt.Errorf("a visitor of %s was moved to %s", own, g.by)
		}
		now[g.by]++
	}
	fair := was[gone.name] / 3
	for _, s := range seats[:3] {
		if more := now[s.name] - was[s.name]; more < fair*7/10 || more > fair*13/10 {
			return fmt.Errorf("of %d who had to move %d came to %s", was[gone.name], more, s.name)
		}
	}
	return nil
}

// distribution lets n visitors in, who share a few connections.
func (s *suite) distribution(d door, n int) (map[string]int, []*guest, error) {
	at := map[string]int{}
	guests := make([]*guest, n)
	shared := newGuest(d).client
	for i := range guests {
		g := newGuest(d)
		g.client = shared
		if err := g.get(); err != nil {
			return nil, nil, err
		}
		at[g.by]++
		guests[i] = g
	}
	return at, guests, nil
}

func aNewServerMovesNobody(s *suite) error {
	seats := s.seats(4)
	d, err := s.open(plan{seats: seats[:3]})
	if err != nil {
		return err
	}
	_, guests, err := s.distribution(d, 200)
	if err != nil {
		return err
	}
	if err := d.reload(s.plan.with(seats...)); err != nil {
		return err
	}
	moved := 0
	for _, g := range guests {
		own := g.by
		if err := g.get(); err != nil {
			return err
		}
		if g.by != own {
			moved++
		}
	}
	if moved > 0 {
		return fmt.Errorf("%d of 200 visitors moved", moved)
	}
	return nil
}

func answersWithoutABody(s *suite) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/204", 204}, {http.MethodGet, "/304", 304}, {http.MethodHead, "/", 200},
		{http.MethodGet, "/103", 200}, {http.MethodGet, "/trailers", 200},
	} {
		g := newGuest(d)
		r, err := g.send(tt.method, tt.path, "", nil)
		if err != nil || r.StatusCode != tt.status {
			return fmt.Errorf("%s %s: %w", tt.method, tt.path, unwanted(r, err))
		}
		if g.set != 1 {
			return fmt.Errorf("%s %s: %d cookies", tt.method, tt.path, g.set)
		}
		own := g.by
		if r, err = g.send(tt.method, tt.path, "", nil); err != nil {
			return err
		}
		if g.by != own {
			return fmt.Errorf("%s %s: the second request goes to %s, not to %s", tt.method, tt.path, g.by, own)
		}
		if g.set != 0 {
			return fmt.Errorf("%s %s: the second answer sets a cookie", tt.method, tt.path)
		}
		if tt.path == "/trailers" && r.Trailer.Get("X-Sum") != "42" {
			return fmt.Errorf("the trailer is lost")
		}
	}
	return nil
}

func flappingDoesNotOscillate(s *suite) error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats})
	if err != nil {
		return err
	}
	period, times := time.Second, 2
	if *long || *peers {
		period, times = 2*time.Second, 3
	}
	var guests []*guest
	for range 10 {
		g, err := newcomerAt(d, seats[0].name)
		if err != nil {
			return err
		}
		guests = append(guests, g)
	}
	var wg sync.WaitGroup
	stop, begun := make(chan struct{}), time.Now()
	moves, failed := make([]int, len(guests)), make([]int, len(guests))
	trail := make([]string, len(guests))
	for i, g := range guests {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
				}
				own := g.by
				if g.get() != nil {
					failed[i]++
					g.by = own
				} else if g.by != own {
					moves[i]++
					trail[i] += fmt.Sprintf(" %s to %s at %v", own, g.by, time.Since(begun).Round(time.Millisecond))
				}
			}
		})
	}
	for range times {
		seats[0].die()
		time.Sleep(period)
		seats[0].rise()
		time.Sleep(period)
	}
	close(stop)
	wg.Wait()
	if m, f := slices.Max(moves), slices.Max(failed); m > 1 || f > 0 {
		return fmt.Errorf("a visitor moved %d times (%s), %d requests of one failed", m, slices.MaxFunc(trail, func(a, b string) int { return len(a) - len(b) }), f)
	}
	return nil
}

func (s *suite) socket(d door) (socket, error) {
	c := proxytest.DialRaw(s.t, d.addr())
	c.Send(handshake + "\r\n")
	a, err := c.Answer("GET")
	if err != nil || a.Status != 101 {
		return socket{}, fmt.Errorf("%w: status %d", errNoSocket, a.Status)
	}
	return socket{c, len(a.Header.Values("Set-Cookie")), a.Header.Get("X-Backend")}, nil
}

func websocketsAndDrain(s *suite) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	c, err := s.socket(d)
	if err != nil {
		return err
	}
	if c.set != 1 {
		return fmt.Errorf("the 101 sets %d cookies", c.set)
	}
	if err := c.echoes(); err != nil {
		return err
	}
	if err := d.drain(c.by, true); err != nil {
		return err
	}
	if err := c.goesAway(4 * time.Second); err != nil {
		return err
	}
	patient, can := d.(interface {
		drainWithin(name string, patience time.Duration) error
	})
	if !can {
		return nil
	}
	if c, err = s.socket(d); err != nil {
		return err
	}
	const patience = time.Second
	began := time.Now()
	if err := patient.drainWithin(c.by, patience); err != nil {
		return err
	}
	if err := c.goesAway(10 * time.Second); err != nil {
		return fmt.Errorf("a drain of %v: %w", patience, err)
	}
	if after := time.Since(began); after < patience {
		return fmt.Errorf("a drain of %v closes it after %v", patience, after)
	}
	return nil
}

// echoes fails unless the other end says what it hears.
func (c socket) echoes() error {
	c.Send(textFrame)
	_ = c.Conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	defer func() { _ = c.Conn.SetReadDeadline(time.Time{}) }()
	for i := range len(textFrame) {
		b, err := c.Reader().ReadByte()
		if err != nil || b != textFrame[i] {
			return errors.New("the websocket is dead")
		}
	}
	return nil
}

// goesAway waits for a Close frame of 1001.
func (c socket) goesAway(limit time.Duration) error {
	_ = c.Conn.SetReadDeadline(time.Now().Add(limit))
	head := make([]byte, 4)
	for i := range head {
		b, err := c.Reader().ReadByte()
		if err != nil {
			return fmt.Errorf("no Close frame within %v", limit)
		}
		head[i] = b
	}
	if head[0] != 0x88 || head[2] != 0x03 || head[3] != 0xe9 {
		return fmt.Errorf("got % x, not a Close frame of 1001", head)
	}
	return nil
}
