package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"sterling/internal/proxytest"
)

// The lines of the suite about backends that fail.

func refusedGet(s *suite) error { return s.refused(http.MethodGet, 0) }

func refusedPost(s *suite) error { return s.refused(http.MethodPost, 1<<20) }

// refused ends the backend of a visitor, who asks at once.
func (s *suite) refused(method string, size int) error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats})
	if err != nil {
		return err
	}
	g, err := newcomer(d)
	if err != nil {
		return err
	}
	own := g.by
	s.seat(own).die()
	var body io.Reader
	if size > 0 {
		body = strings.NewReader(strings.Repeat("x", size))
	}
	r, err := g.send(method, "/", "refused", body)
	if err != nil || r.StatusCode != 200 {
		return unwanted(r, err)
	}
	if g.by == own || g.set > 1 {
		return fmt.Errorf("answered by %s with %d cookies", g.by, g.set)
	}
	if n := s.deliveries("refused"); n != 1 {
		return fmt.Errorf("%d deliveries", n)
	}
	return g.stays(10)
}

func (s *suite) deliveries(id string) int {
	n := 0
	for _, seat := range s.all {
		n += seat.deliveries(id)
	}
	return n
}

func deathAfterTheBody(s *suite) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	pause := 50 * time.Millisecond
	if *peers {
		pause = time.Second // for those who learn from requests alone
	}
	for i := range 4 {
		g, err := newcomer(d)
		if err != nil {
			return err
		}
		seat := s.seat(g.by)
		seat.mode.Store(seatDies)
		id := fmt.Sprint("dies-", i)
		r, err := g.send(http.MethodPost, "/", id, strings.NewReader("buys one"))
		seat.mode.Store(seatWell)
		if err == nil && r.StatusCode < 500 {
			return fmt.Errorf("status %d though the backend has died", r.StatusCode)
		}
		if n := s.deliveries(id); n != 1 {
			return fmt.Errorf("a POST was delivered %d times", n)
		}
		g.leave()
		time.Sleep(pause)
	}
	return nil
}

func staleKeepAlive(s *suite) error {
	const idle = 4 * time.Millisecond
	var ran atomic.Int64
	addr := proxytest.ClosesIdle(s.t, idle, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			_, _ = io.Copy(io.Discard, r.Body)
			ran.Add(1)
		}
		_, _ = io.WriteString(w, "ok")
	}))
	d, err := s.open(plan{seats: []*seat{{name: "b1", addr: addr}}})
	if err != nil {
		return err
	}
	rounds := 100
	if *long {
		rounds = 500
	}
	g := newGuest(d)
	failed := map[string]int{}
	for i := range rounds {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			var body io.Reader
			if method == http.MethodPost {
				body = strings.NewReader("x")
			}
			if r, err := g.send(method, "/", "", body); err != nil || r.StatusCode != 200 {
				failed[method]++
			}
			time.Sleep(idle - 400*time.Microsecond + time.Duration(i%9)*100*time.Microsecond)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("of %d GETs and as many POSTs %d and %d are lost", rounds, failed[http.MethodGet], failed[http.MethodPost])
	}
	if n := ran.Load(); n != int64(2*rounds) {
		return fmt.Errorf("%d requests were run %d times", 2*rounds, n)
	}
	return nil
}

func deathInTheAnswer(s *suite) error {
	d, err := s.open(plan{seats: s.seats(3)})
	if err != nil {
		return err
	}
	for _, path := range []string{"/cut-length", "/cut-chunked"} {
		g, err := newcomer(d)
		if err != nil {
			return err
		}
		r, err := g.send(http.MethodGet, path, "", nil)
		if err == nil {
			return fmt.Errorf("%s looks like a whole answer of %d bytes", path, len(r.body))
		}
	}
	return nil
}

func allDown(s *suite) error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats, page: writePage(s.t)})
	if err != nil {
		return err
	}
	for _, seat := range seats {
		seat.die()
	}
	for _, wait := range []time.Duration{0, 1500 * time.Millisecond} {
		time.Sleep(wait)
		g := newGuest(d)
		r, err := g.send(http.MethodGet, "/", "", nil)
		if err != nil {
			return err
		}
		if r.StatusCode != 503 || !strings.Contains(r.body, "Back soon") || r.Header.Get("Retry-After") != "60" {
			return fmt.Errorf("status %d, Retry-After %q, %.20q", r.StatusCode, r.Header.Get("Retry-After"), r.body)
		}
		if g.set > 0 {
			return fmt.Errorf("the page sets a cookie")
		}
	}
	return nil
}

func slowStart(s *suite) error {
	const ramp = 4 * time.Second
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats, slowStart: ramp})
	if err != nil {
		return err
	}
	seats[0].die()
	time.Sleep(time.Second)
	seats[0].rise()
	if _, err := newcomerAt(d, seats[0].name); err != nil { // it is up again
		time.Sleep(300 * time.Millisecond)
	}
	early, _, err := s.distribution(d, 150)
	if err != nil {
		return err
	}
	time.Sleep(ramp)
	late, _, err := s.distribution(d, 150)
	if err != nil {
		return err
	}
	name := seats[0].name
	if early[name] > 30 || late[name] < 40 {
		return fmt.Errorf("of 150 new visitors it got %d at first and %d after %v", early[name], late[name], ramp)
	}
	return nil
}

func slowServer(s *suite) error {
	if err := s.slowForItsVisitors(); err != nil {
		return err
	}
	return s.slowForNewVisitors()
}

// slowForItsVisitors has only POSTs find out, which nobody may try elsewhere.
func (s *suite) slowForItsVisitors() error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats, outliers: true})
	if err != nil {
		return err
	}
	var guests []*guest
	for range 4 {
		g, err := newcomerAt(d, seats[0].name)
		if err != nil {
			return err
		}
		guests = append(guests, g)
	}
	seats[0].mode.Store(seatSlow)
	for i, g := range guests {
		id := fmt.Sprint("slow-", i)
		r, err := g.send(http.MethodPost, "/", id, strings.NewReader("buys one"))
		if err == nil && r.StatusCode == 200 && i == 0 {
			return fmt.Errorf("a POST that nobody has answered is answered")
		}
		if n := s.deliveries(id); n != 1 {
			return fmt.Errorf("a POST was delivered %d times", n)
		}
	}
	return spared(d, seats[0])
}

// slowForNewVisitors has only GETs find out, which another one may answer.
func (s *suite) slowForNewVisitors() error {
	seats := s.seats(3)
	d, err := s.open(plan{seats: seats, outliers: true})
	if err != nil {
		return err
	}
	seats[0].mode.Store(seatSlow)
	for range 20 {
		_, _ = newcomer(d) // who meets it first may get an error
	}
	return spared(d, seats[0])
}

// spared fails if a new visitor meets that seat.
func spared(d door, slow *seat) error {
	before := slow.got.Load()
	for range 30 {
		if _, err := newcomer(d); err != nil {
			return fmt.Errorf("a new visitor: %w", err)
		}
	}
	if n := slow.got.Load() - before; n > 0 {
		return fmt.Errorf("%d of 30 new visitors were given to the slow backend", n)
	}
	return nil
}

// seat is the one of that name.
func (s *suite) seat(name string) *seat {
	for _, seat := range s.all {
		if seat.name == name {
			return seat
		}
	}
	s.t.Fatalf("there is no seat %q", name)
	return nil
}
