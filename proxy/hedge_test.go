package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sterling/backend"
)

// staged is a backend whose answers a test decides on.
type staged struct {
	name  string
	begun chan struct{} // a request has come
	cut   chan struct{} // one that waited was cut
	say   chan int      // the status to answer with
	url   string

	frozen atomic.Bool   // checks are not answered
	usual  time.Duration // that a check takes
}

func stage(t *testing.T, name string) *staged {
	t.Helper()
	b := &staged{name: name, begun: make(chan struct{}, 9), cut: make(chan struct{}, 9), say: make(chan int, 9)}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

func (b *staged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		time.Sleep(b.usual)
		if b.frozen.Load() {
			<-r.Context().Done()
		}
		return
	}
	b.begun <- struct{}{}
	select {
	case status := <-b.say:
		w.WriteHeader(status)
		_, _ = io.WriteString(w, b.name)
	case <-r.Context().Done():
		b.cut <- struct{}{}
	}
}

// asked waits until a request has come. One that never comes is found out by
// what the test compares.
func (b *staged) asked() {
	select {
	case <-b.begun:
	case <-time.After(10 * time.Second):
	}
}

// outcomes lists the attempts of the last line, as "backend outcome".
func outcomes(r *running) string {
	lines := r.lines()
	attempts, _ := lines[len(lines)-1]["attempts"].([]any)
	var got []string
	for _, a := range attempts {
		m, _ := a.(map[string]any)
		backend, _ := m["backend"].(string)
		outcome, _ := m["outcome"].(string)
		got = append(got, backend+" "+outcome)
	}
	return strings.Join(got, ", ")
}

// hedging is a pool of two where the first is always asked first.
func hedging(hedge string, urls ...string) string {
	return strings.Replace(appPool(urls...), `policy = "round_robin"`, "policy = \"first\"\nhedge = \""+hedge+"\"", 1)
}

func without(s, affinity string) string { return strings.Replace(s, affinity, "", 1) }

const byCookie = "[pool.affinity]\nby = \"cookie\"\n"

func TestTheFirstAnswerWins(t *testing.T) {
	for _, tt := range []struct {
		name     string
		act      func(one, two *staged)
		answer   string
		status   int
		outcomes string
	}{
		{"the hedge's", func(_, two *staged) { two.say <- 200 }, "two", 200, "b1 hedged, b2 ok"},
		{"the hedge's, though not found", func(_, two *staged) { two.say <- 404 }, "two", 404, "b1 hedged, b2 ok"},
		{"the first one's", func(one, two *staged) { two.asked(); one.say <- 200 }, "one", 200, "b1 ok, b2 hedged"},
		{"the first one's, for the hedge's is an error", func(one, two *staged) {
			two.say <- 503
			two.asked()
			time.Sleep(50 * time.Millisecond) // its answer has come by then
			one.say <- 200
		}, "one", 200, "b1 ok, b2 hedged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one, two := stage(t, "one"), stage(t, "two")
				r := start(t, without(hedging("20ms", one.url, two.url), byCookie))
				go tt.act(one, two)
				res, body := get(t, m.client(t), r.url(m))
				if res.StatusCode != tt.status || body != tt.answer {
					t.Errorf("%d from %s", res.StatusCode, body)
				}
				if tt.answer == "two" {
					<-one.cut
				}
				if got := outcomes(r); got != tt.outcomes {
					t.Errorf("attempts: %s; want %s", got, tt.outcomes)
				}
			})
		})
	}
}

func TestAHedgeThatFailsLeavesTheFirstOne(t *testing.T) {
	one := stage(t, "one")
	reset := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		one.say <- 200
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(reset.Close)
	r := start(t, without(hedging("20ms", one.url, reset.URL), byCookie))
	if _, body := get(t, modes[0].client(t), r.url(modes[0])); body != "one" {
		t.Errorf("answered by %q", body)
	}
	if got := outcomes(r); got != "b1 ok, b2 backend_cut" && got != "b1 ok, b2 hedged" {
		t.Errorf("attempts: %s", got)
	}
}

func TestAHedgeStandsInForAFirstAttemptThatFails(t *testing.T) {
	two := stage(t, "two")
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-two.begun
		two.say <- 503
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(cut.Close)
	r := start(t, without(hedging("20ms", cut.URL, two.url), byCookie))
	if res, body := get(t, modes[0].client(t), r.url(modes[0])); body != "two" || res.StatusCode != 503 {
		t.Errorf("%d from %q", res.StatusCode, body)
	}
	if got := outcomes(r); got != "b1 backend_cut, b2 ok" {
		t.Errorf("attempts: %s", got)
	}
}

func TestTheClientsEndIsBothAttempts(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		t.Parallel()
		one, two := stage(t, "one"), stage(t, "two")
		r := start(t, without(hedging("20ms", one.url, two.url), byCookie))
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-two.begun
			leave()
		}()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url(m), nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := m.client(t).Do(req); err == nil {
			t.Errorf("%s", res.Status)
			_ = res.Body.Close()
		}
		<-one.cut
		<-two.cut
	})
}

func TestWhatIsNeverHedged(t *testing.T) {
	for _, tt := range []struct{ name, hedge, method, body string }{
		{"a POST", "10ms", http.MethodPost, ""},
		{"a PUT", "10ms", http.MethodPut, ""},
		{"a GET with a body", "10ms", http.MethodGet, "body"},
		{"where it is off", "off", http.MethodGet, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one, two := stage(t, "one"), stage(t, "two")
			r := start(t, without(hedging(tt.hedge, one.url, two.url), byCookie))
			req, err := http.NewRequestWithContext(t.Context(), tt.method, r.url(modes[0]), strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				select {
				case <-two.begun:
					t.Error("the other one was asked")
					two.say <- 200
				case <-time.After(200 * time.Millisecond): // many times the delay
					one.say <- 200
				}
			}()
			res, err := modes[0].client(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if body := bodyOf(t, res); body != "one" {
				t.Errorf("answered by %s", body)
			}
		})
	}
}

func TestAVisitorLeavesAFrozenBackendAndStaysAtASlowOne(t *testing.T) {
	for _, tt := range []struct {
		name, hedge, answer, outcomes string
		frozen                        bool
	}{
		{"frozen", "auto", "two", "b1 hedged, b2 ok", true},
		{"frozen, with a delay", "300ms", "two", "b1 hedged, b2 ok", true},
		{"slow", "auto", "one", "b1 ok", false},
		{"slow, with a delay", "10ms", "one", "b1 ok", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one, two := stage(t, "one"), stage(t, "two")
				interval := "200ms"
				if !tt.frozen {
					// A check of a slow backend is not to come late, by which it
					// would look frozen: they are few, and have their time.
					interval, one.usual = "1s", 200*time.Millisecond
				}
				checks := "[pool.health]\npath = \"/healthz\"\ninterval = \"" + interval + "\"\ntimeout = \"1m\"\n"
				r := start(t, strings.Replace(hedging(tt.hedge, one.url, two.url), byCookie, checks+byCookie, 1))
				c := m.client(t)
				one.say <- 200
				if _, body := get(t, c, r.url(m)); body != "one" {
					t.Fatalf("began at %s", body)
				}
				<-one.begun
				two.say <- 200
				go func() {
					one.asked()
					if one.frozen.Store(tt.frozen); !tt.frozen {
						time.Sleep(time.Second) // twice as long as is suspicious
						one.say <- 200
					}
				}()
				res, body := get(t, c, r.url(m))
				if body != tt.answer || (res.Header["Set-Cookie"] != nil) != tt.frozen {
					t.Errorf("answered by %s, cookie %q", body, res.Header["Set-Cookie"])
				}
				if got := outcomes(r); got != tt.outcomes {
					t.Errorf("attempts: %s; want %s", got, tt.outcomes)
				}
			})
		})
	}
}

func TestAHedgeIsSettledOnce(t *testing.T) {
	two, three := newCutter(t), newMortal(t, "three")
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-two.cut // the hedge has failed
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(cut.Close)
	r := start(t, without(hedging("20ms", cut.URL, two.url, three.url()), byCookie))
	if res, body := get(t, modes[0].client(t), r.url(modes[0])); body != "three" || res.StatusCode != 200 {
		t.Errorf("%d from %q", res.StatusCode, body)
	}
	if got := outcomes(r); got != "b1 backend_cut, b2 backend_cut, b3 ok" {
		t.Errorf("attempts: %s", got)
	}
}

// cutter is a backend that ends every connection without an answer.
type cutter struct {
	url string
	cut chan struct{} // closed with the first request
}

func newCutter(t *testing.T) *cutter {
	t.Helper()
	c := &cutter{cut: make(chan struct{})}
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(c.cut) })
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func TestAHedgeWaitsForAPlaceAndForTheBudget(t *testing.T) {
	for _, tt := range []struct {
		name string
		hold func(t *testing.T, r *running, two *staged) (end func())
	}{
		{"the other backend is full", func(t *testing.T, r *running, two *staged) func() {
			busy := ask(t.Context(), t, modes[0].client(t), r.url(modes[0]))
			<-two.begun
			return func() { two.say <- 200; <-busy }
		}},
		{"the budget is spent", func(_ *testing.T, r *running, _ *staged) func() { return r.spend() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one, two := stage(t, "one"), stage(t, "two")
			toml := without(hedging("60ms", one.url, two.url), byCookie)
			toml = strings.Replace(toml, `name = "b2"`, "name = \"b2\"\nmax_in_flight = 1", 1)
			r := start(t, strings.Replace(toml, `name = "b1"`, "name = \"b1\"\nmax_in_flight = 1", 1))
			answer := ask(t.Context(), t, modes[0].client(t), r.url(modes[0]))
			<-one.begun
			began, end := time.Now(), tt.hold(t, r, two)
			r.eventually("the other backend to be looked for in vain", func() bool { return time.Since(began) > 150*time.Millisecond })
			end()
			two.say <- 200
			if got := <-answer; got != "200 two" {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestAPanicInAHedgeIsItsEndAlone(t *testing.T) {
	one, two := stage(t, "one"), stage(t, "two")
	r := start(t, without(hedging("20ms", one.url, two.url), byCookie))
	p := r.snapshot.Load().byName["app"]
	r.eventually("b2 to be up", func() bool { return p.Members()[1].State() == backend.Up })
	x := &exchange{in: httptest.NewRequest(http.MethodGet, "/", nil), door: r.doors[0]}
	first := &trying{x: x, pool: p, started: time.Now()} // without a request, which is what panics
	first.tried.Add(p.Members()[0])
	first.Hedge(func() bool { return false })
	<-first.hedge.done
	want := &http.Response{Body: http.NoBody}
	if m, answer, err := first.hedge.settle(first, p.Members()[0], want, nil); m != p.Members()[0] || answer != want || err != nil {
		t.Errorf("%v, %v", m, err)
	}
	if log := r.log.String(); !strings.Contains(log, "a request panicked") {
		t.Errorf("the log says %s", log)
	}
}
