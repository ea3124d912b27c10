package integration

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The lines of the suite about changes that somebody wants.

func draining(s *suite) error {
	return s.emptied(func(d door, name string) error { return d.drain(name, false) })
}

func weightZero(s *suite) error {
	return s.emptied(func(d door, name string) error {
		p := s.plan
		p.weights = map[string]int{name: 0}
		return d.reload(p)
	})
}

// emptied takes a backend out of the choice, and fails unless its visitors stay,
// nobody else comes, and it is told how many are left.
func (s *suite) emptied(takeOut func(d door, name string) error) error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats, idle: 3 * time.Second, life: time.Minute})
	if errors.Is(err, errNotOffered) {
		d, err = s.open(plan{seats: seats})
	}
	if err != nil {
		return err
	}
	own := seats[0].name
	g, err := newcomerAt(d, own)
	if err != nil {
		return err
	}
	if err := g.get(); err != nil { // whoever counts visitors has seen him by now
		return err
	}
	if err := takeOut(d, own); err != nil {
		return err
	}
	if err := s.drained(d, g, own); err != nil {
		return err
	}
	n, safe, err := d.left(own)
	switch {
	case err != nil:
		return err
	case n < 0:
		return errors.New("known visitors stay, new ones go elsewhere; nobody tells how many are left")
	case n == 0 || safe:
		return fmt.Errorf("%d visitors are left, safe to stop %v, while one is there", n, safe)
	}
	time.Sleep(6500 * time.Millisecond)
	if n, safe, err = d.left(own); err == nil && (n != 0 || !safe) {
		err = fmt.Errorf("%d visitors are left, safe to stop %v, when they have gone", n, safe)
	}
	return err
}

// drained fails unless g stays at own and nobody else comes there.
func (s *suite) drained(d door, g *guest, own string) error {
	if err := g.stays(10); err != nil {
		return fmt.Errorf("a known visitor: %w", err)
	}
	for range 20 {
		other, err := newcomer(d)
		if err != nil {
			return err
		}
		if other.by == own {
			return errors.New("a new visitor is given to it")
		}
		other.leave()
	}
	return nil
}

func reloadOfNothing(s *suite) error {
	seats := s.seats(4)
	sick := seats[3]
	d, err := s.open(plan{seats: seats})
	if err != nil {
		return err
	}
	var guests []*guest
	for range 20 {
		g, err := newcomer(d)
		if err != nil {
			return err
		}
		if g.by != sick.name {
			guests = append(guests, g)
		}
	}
	c, err := s.socket(d)
	if err != nil {
		return err
	}
	for c.by == sick.name {
		if c, err = s.socket(d); err != nil {
			return err
		}
	}
	if err := s.sicken(d, sick); err != nil {
		return err
	}
	before := sick.got.Load()
	if err := d.reload(s.plan); err != nil {
		return err
	}
	for range 30 {
		if _, err := newcomer(d); err != nil {
			return fmt.Errorf("after the reload: %w", err)
		}
	}
	if n := sick.got.Load() - before; n > 0 {
		return fmt.Errorf("%d of 30 new visitors were sent to a backend that was known to be down", n)
	}
	for _, g := range guests {
		own := g.by
		if err := g.get(); err != nil {
			return err
		}
		if g.by != own || g.set > 0 {
			return fmt.Errorf("a visitor of %s was answered by %s, with %d cookies", own, g.by, g.set)
		}
	}
	return c.echoes()
}

// sicken has a backend fail until the door knows.
func (s *suite) sicken(d door, sick *seat) error {
	sick.mode.Store(seatCloses)
	time.Sleep(time.Second)
	for range 20 { // where there are requests alone to learn from
		if _, err := newcomer(d); err != nil {
			return fmt.Errorf("while a backend is down: %w", err)
		}
	}
	return nil
}

func reloadWhileOneIsDown(s *suite) error {
	seats := s.seats(4)
	d, err := s.open(plan{seats: seats[:3]})
	if err != nil {
		return err
	}
	sick := seats[2]
	if err := s.sicken(d, sick); err != nil {
		return err
	}
	before := sick.got.Load()
	if err := d.reload(s.plan.with(seats[3], seats[0], seats[1], sick)); err != nil {
		return err
	}
	for range 100 {
		if _, err := newcomer(d); err != nil {
			return fmt.Errorf("after the reload: %w", err)
		}
	}
	if n := sick.got.Load() - before; n > 0 {
		return fmt.Errorf("%d requests to the backend that is down", n)
	}
	return nil
}

func reloadWithoutTheOwnServer(s *suite) error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats})
	if err != nil {
		return err
	}
	g, err := newcomerAt(d, seats[2].name)
	if err != nil {
		return err
	}
	if err := d.reload(s.plan.with(seats[:2]...)); err != nil {
		return err
	}
	if err := g.get(); err != nil {
		return err
	}
	if g.by == seats[2].name || g.set > 1 {
		return fmt.Errorf("answered by %s, with %d cookies", g.by, g.set)
	}
	return g.stays(10)
}

// rollingRestart ends each backend and starts it again, announced in the way that
// the door has: a drain for all, or a reload without it.
func rollingRestart(s *suite) error {
	seats := s.seats(3)
	for _, seat := range seats {
		seat.mode.Store(seatBusy)
	}
	d, err := s.open(plan{seats: seats})
	if err != nil {
		return err
	}
	visitors, pace := 20, 100*time.Millisecond // 200 requests a second
	var guests sync.WaitGroup
	stop := make(chan struct{})
	var sent, posts atomic.Int64
	lost := make(chan string, 10000)
	for i := range visitors {
		g, err := newcomer(d)
		if err != nil {
			return err
		}
		guests.Go(func() {
			defer g.leave()
			tick := time.NewTicker(pace) // however long an answer takes
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-tick.C:
				}
				id, method, body := fmt.Sprintf("v%d-%d", i, n), http.MethodGet, io.Reader(nil)
				if n%2 == 1 {
					method, body = http.MethodPost, strings.NewReader("buys one")
				}
				r, err := g.send(method, "/", id, body)
				sent.Add(1)
				if method == http.MethodPost {
					posts.Add(1)
				}
				switch {
				case err != nil:
					lost <- method + " " + err.Error()
				case r.StatusCode != 200:
					lost <- fmt.Sprint(method, " ", r.StatusCode)
				case s.deliveries(id) != 1:
					lost <- fmt.Sprint(method, " delivered ", s.deliveries(id), " times")
				}
			}
		})
	}
	err = s.roll(d, seats)
	close(stop)
	guests.Wait()
	close(lost)
	if err != nil {
		return err
	}
	n, first := 0, ""
	for l := range lost {
		if n++; first == "" {
			first = l
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d requests are lost or run twice, the first one: %s", n, sent.Load(), first)
	}
	if posts.Load() == 0 {
		return errors.New("nobody has come")
	}
	return nil
}

func (s *suite) roll(d door, seats []*seat) error {
	for i, seat := range seats {
		time.Sleep(500 * time.Millisecond)
		others := slices.Concat(seats[:i], seats[i+1:])
		err := d.drain(seat.name, true)
		byReload := errors.Is(err, errNotOffered)
		if byReload {
			err = d.reload(s.plan.with(others...))
		}
		if err != nil {
			return err
		}
		if err := s.empty(d, seat.name, byReload); err != nil {
			return err
		}
		seat.retire()
		seat.rise()
		if byReload {
			err = d.reload(s.plan.with(seats...))
		} else {
			err = d.enable(seat.name)
		}
		if err != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
	}
	return nil
}

// empty waits until a backend is safe to stop, where the door can tell.
func (s *suite) empty(d door, name string, byReload bool) error {
	if byReload {
		time.Sleep(500 * time.Millisecond)
		return nil
	}
	for range 100 {
		_, safe, err := d.left(name)
		if err != nil || safe {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the backend is never safe to stop")
}
