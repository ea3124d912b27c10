package proxy

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// narrow is a pool whose backends take one request at a time.
func narrow(settings string, urls ...string) string {
	toml := strings.Replace(appPool(urls...), `policy = "round_robin"`, "policy = \"first\"\nhedge = \"off\"\n"+settings, 1)
	for i := range urls {
		name := fmt.Sprintf("name = \"b%d\"", i+1)
		toml = strings.Replace(toml, name, name+"\nmax_in_flight = 1", 1)
	}
	return toml
}

// ask is a request under way; its answer is the status and the body.
func ask(ctx context.Context, t *testing.T, c *http.Client, url string) (answer chan string) {
	t.Helper()
	answer = make(chan string, 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		res, err := c.Do(req)
		if err != nil {
			answer <- "error"
			return
		}
		answer <- fmt.Sprint(res.StatusCode, " ", bodyOf(t, res))
	}()
	return answer
}

// waiting waits until n requests wait, for any backend or for one.
func (r *running) waiting(n int) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("%d requests to wait", n), func() bool {
		p := r.Status().Pools[0]
		sum := p.Queued
		for _, b := range p.Backends {
			sum += b.Queued
		}
		return sum == n
	})
}

func TestRequestsWaitForAFullBackend(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		t.Parallel()
		one := stage(t, "one")
		r := start(t, narrow("queue = 2\nqueue_timeout = \"1m\"", one.url))
		first := ask(t.Context(), t, m.client(t), r.url(m)+"/1")
		<-one.begun
		second := ask(t.Context(), t, m.client(t), r.url(m)+"/2")
		r.waiting(1)
		ctx, leave := context.WithCancel(t.Context())
		gone := ask(ctx, t, m.client(t), r.url(m)+"/gone")
		r.waiting(2)
		if got := <-ask(t.Context(), t, m.client(t), r.url(m)+"/3"); !strings.HasPrefix(got, "503") {
			t.Errorf("with two waiting: %s", got)
		}
		leave()
		<-gone
		r.waiting(1)
		third := ask(t.Context(), t, m.client(t), r.url(m)+"/3")
		r.waiting(2)
		for i, answer := range []chan string{first, second, third} {
			one.say <- 200
			if got := <-answer; got != "200 one" {
				t.Errorf("request %d: %s", i+1, got)
			}
		}
		ends := map[string]string{}
		for _, l := range r.lines() {
			path, _ := l["path"].(string)
			ends[path] += fmt.Sprint(l["end"], " ")
			if ms, _ := l["queued_ms"].(float64); (ms > 0) != (path != "/1") && l["status"] != 503. {
				t.Errorf("%s: queued for %v ms", path, l["queued_ms"])
			}
		}
		if ends["/gone"] != "client_closed " || ends["/3"] != "no_backend ok " {
			t.Errorf("ends %v", ends)
		}
	})
}

func TestAVisitorWaitsForHisOwnBackend(t *testing.T) {
	for _, tt := range []struct {
		name, settings string
		answer         string
		freed          bool
	}{
		{"until there is a place", "queue = 1\nqueue_timeout = \"1m\"", "200 one", true},
		{"and is moved", "queue = 1\nqueue_timeout = \"50ms\"", "200 two", false},
		{"and is refused", "queue = 1\nqueue_timeout = \"50ms\"\nwhen_full = \"fail\"", "503", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one, two := stage(t, "one"), stage(t, "two")
			r := start(t, narrow(tt.settings, one.url, two.url))
			m := modes[0]
			c := m.client(t)
			one.say <- 200
			if got := <-ask(t.Context(), t, c, r.url(m)); got != "200 one" {
				t.Fatalf("began with %s", got)
			}
			<-one.begun
			busy := ask(t.Context(), t, c, r.url(m)+"/busy")
			<-one.begun
			two.say <- 200
			answer := ask(t.Context(), t, c, r.url(m)+"/next")
			if tt.freed {
				r.waiting(1)
				one.say <- 200
				<-busy
				one.say <- 200
			}
			if got := <-answer; !strings.HasPrefix(got, tt.answer) {
				t.Errorf("%s, want %s", got, tt.answer)
			}
			if !tt.freed {
				one.say <- 200
				<-busy
			}
		})
	}
}

func TestWhoWaitsForABackendThatIsDrainedGoesElsewhere(t *testing.T) {
	one, two := stage(t, "one"), stage(t, "two")
	r := start(t, narrow("queue = 1\nqueue_timeout = \"1m\"", one.url, two.url))
	m := modes[0]
	c := m.client(t)
	one.say <- 200
	<-ask(t.Context(), t, c, r.url(m))
	<-one.begun
	busy := ask(t.Context(), t, c, r.url(m))
	<-one.begun
	answer := ask(t.Context(), t, c, r.url(m))
	r.waiting(1)
	two.say <- 200
	if _, err := r.Drain("app", "b1", DrainOptions{Mode: "now"}); err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got != "200 two" {
		t.Errorf("%s", got)
	}
	one.say <- 200
	<-busy
}

func TestTheWaitIsNoPartOfTheTotalLimit(t *testing.T) {
	one := stage(t, "one")
	toml := narrow("queue = 2\nqueue_timeout = \"1m\"", one.url)
	r := start(t, toml+"[pool.timeout]\ntotal = \"2s\"\nresponse = \"2s\"\n")
	m := modes[0]
	var answers [3]chan string
	for i := range answers {
		answers[i] = ask(t.Context(), t, m.client(t), r.url(m))
		if i == 0 {
			<-one.begun
		}
		r.waiting(i)
	}
	for i := range 2 {
		if got := <-answers[i]; !strings.HasPrefix(got, "504") {
			t.Errorf("%d: %s", i, got)
		}
		<-one.begun
		<-one.cut // or that one would take the word
	}
	one.say <- 200
	if got := <-answers[2]; got != "200 one" { // it has waited for nearly twice the limit
		t.Errorf("the last one: %s", got)
	}
}
