package integration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// shot is one request of a visitor and what became of it.
type shot struct {
	id       string
	post     bool
	start    time.Time
	took     time.Duration
	failed   string // why; "" for an answer of 200
	from, to string // the visitor's backend before and after
}

// visitor sends one request after the other and keeps its cookies.
type visitor struct {
	name    string
	turn    int // of two: which requests are POSTs
	url     string
	client  *http.Client
	cookies map[string]string
	backend string
	shots   []shot
}

func newVisitor(name, url string) *visitor {
	return &visitor{
		name: name, url: url, cookies: map[string]string{},
		client: &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second},
	}
}

// visit sends the n-th request: POSTs and GETs by turns.
func (v *visitor) visit(n int) {
	s := shot{id: fmt.Sprintf("%s-%d", v.name, n), post: (n+v.turn)%2 == 1, from: v.backend, start: time.Now()}
	a, err := v.send(s)
	s.took = time.Since(s.start)
	switch {
	case err != nil:
		s.failed = err.Error()
	case a.StatusCode != http.StatusOK:
		s.failed = fmt.Sprint(a.StatusCode)
	default:
		v.backend = a.Header.Get("X-Backend")
		for _, c := range a.Cookies() {
			v.cookies[c.Name] = c.Value
		}
	}
	s.to = v.backend
	v.shots = append(v.shots, s)
}

func (v *visitor) send(s shot) (answer, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if s.post {
		method, body = http.MethodPost, strings.NewReader("written at once")
	}
	req, err := http.NewRequestWithContext(context.Background(), method, v.url, body)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set(proxytest.TestID, s.id)
	req.Header.Set("X-Visitor", v.name)
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return try(v.client, req)
}

// crowd is a number of visitors that send a request each every so often.
type crowd struct {
	visitors []*visitor
	stop     chan struct{}
	done     sync.WaitGroup
}

// gather lets n visitors in, one by one, so that all have their backend, and
// then sets them going, with a request each every 100 ms.
func gather(t testing.TB, n int, url string) *crowd {
	t.Helper()
	return gatherAt(t, n, url, 100*time.Millisecond)
}

// gatherAt is gather with another pace.
func gatherAt(t testing.TB, n int, url string, pace time.Duration) *crowd {
	t.Helper()
	c := &crowd{stop: make(chan struct{})}
	for i := range n {
		v := newVisitor(fmt.Sprintf("v%d", i), url)
		v.turn = i
		if v.visit(0); v.shots[0].failed != "" {
			t.Fatalf("a first visit fails: %s", v.shots[0].failed)
		}
		c.visitors = append(c.visitors, v)
	}
	for i, v := range c.visitors {
		c.done.Go(func() {
			defer v.client.CloseIdleConnections()
			time.Sleep(pace * time.Duration(i) / time.Duration(n)) // not all at once
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for k := 1; ; k++ {
				select {
				case <-c.stop:
					return
				case <-tick.C:
					v.visit(k)
				}
			}
		})
	}
	return c
}

// end waits for the last answers and returns all requests.
func (c *crowd) end() []shot {
	close(c.stop)
	c.done.Wait()
	var all []shot
	for _, v := range c.visitors {
		all = append(all, v.shots...)
	}
	return all
}

// outage is a time in which a backend did not do its work.
type outage struct {
	backend  string
	kind     string // killed | frozen | ended
	from, to time.Time
}

// tally is what the visitors lived through.
type tally struct {
	requests, gets, posts           int
	failedGets, failedPosts         int
	strayPosts                      []shot // failed, and not at a dead or frozen backend
	crossed                         int    // failed at the backend that ended in good order
	lostGets                        []shot
	twice                           []string
	moves, needless                 int
	slowestGet, slowestPost, median time.Duration
}

// settle is how long after an outage a visitor that was caught in it may still
// come out and move.
const settleTime = 4 * time.Second

// count adds up. ran tells how often each POST was run.
func count(shots []shot, outages []outage, ran map[string]int) tally {
	var t tally
	var took []time.Duration
	for _, s := range shots {
		t.requests++
		took = append(took, s.took)
		if s.post {
			t.posts++
			t.slowestPost = max(t.slowestPost, s.took)
		} else {
			t.gets++
			t.slowestGet = max(t.slowestGet, s.took)
		}
		switch {
		case s.failed != "" && s.post:
			if t.failedPosts++; !caught(s, outages) {
				t.strayPosts = append(t.strayPosts, s)
			} else if at(s.from, "ended", outages) {
				t.crossed++
			}
		case s.failed != "":
			t.failedGets++
			t.lostGets = append(t.lostGets, s)
		case s.from != "" && s.to != s.from:
			if t.moves++; !excused(s, outages) {
				t.needless++
			}
		}
	}
	for id, n := range ran {
		if n > 1 {
			t.twice = append(t.twice, id)
		}
	}
	t.median = median(took)
	return t
}

// caught reports whether a POST may have failed because it was at a backend
// when that died, or sent to a frozen one before that was known. One that
// crosses the close of an ending backend's connection on the wire is at a dead
// backend, too: nobody can tell whether it was run.
func caught(s shot, outages []outage) bool {
	for _, o := range outages {
		known := o.from.Add(50 * time.Millisecond) // a refused connection tells at once
		switch o.kind {
		case "frozen", "starved":
			known = o.from.Add(2 * time.Second) // two checks, and what a busy machine adds
		case "ended":
			known = o.from.Add(time.Second) // it closes a while after the signal
		}
		if s.from == o.backend && s.start.Before(known) && s.start.Add(s.took).After(o.from) {
			return true
		}
	}
	return false
}

// at reports whether a backend is the one of an outage of that kind.
func at(backend, kind string, outages []outage) bool {
	return slices.ContainsFunc(outages, func(o outage) bool { return o.backend == backend && o.kind == kind })
}

// excused reports whether a visitor had a reason to move.
func excused(s shot, outages []outage) bool {
	for _, o := range outages {
		if s.from == o.backend && s.start.Add(s.took).After(o.from) && s.start.Before(o.to.Add(settleTime)) {
			return true
		}
	}
	return false
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2]
}
