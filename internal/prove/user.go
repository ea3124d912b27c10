package prove

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"time"
)

// shot is one request of a user and what became of it.
type shot struct {
	id       string
	pool     string
	post     bool
	sticky   bool
	start    time.Time
	took     time.Duration
	failed   string // why; "" for a good answer
	answered bool   // with whatever status
	own      bool   // a failure that a backend answered with, in a burst
	from, to string // the user's backend before and after, as pool/backend
}

func (s shot) end() time.Time { return s.start.Add(s.took) }

// user sends one request after the other and keeps its cookies.
type user struct {
	name   string
	turn   int
	target target
	live   bool // GETs only; the backends are strangers
	client *http.Client

	mu      sync.Mutex // guards what follows
	backend string
	shots   []shot
}

// answerLimit is how long a user waits, longer than any proxy should let it.
const answerLimit = 2 * time.Minute

func (s *stage) newUser(scenario string, i int) *user {
	t := s.targets[i%len(s.targets)]
	jar, _ := cookiejar.New(nil) // it has no error to return
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, t.dial)
		},
		TLSClientConfig:   &tls.Config{RootCAs: s.roots},
		ForceAttemptHTTP2: i/len(s.targets)%2 == 1, // every second one, as far as the listener does
	}
	return &user{
		name: fmt.Sprintf("%s-%d", scenario, i), turn: i, target: t, live: s.o.Live,
		client: &http.Client{Transport: transport, Jar: jar, Timeout: answerLimit, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
}

// visit sends the n-th request: GETs and POSTs by turns.
func (u *user) visit(ctx context.Context, n int) {
	s := shot{
		id: fmt.Sprintf("%s-%d", u.name, n), pool: u.target.pool, sticky: u.target.sticky,
		post: !u.live && (n+u.turn)%2 == 1, from: u.at(), start: time.Now(),
	}
	status, who, err := u.send(ctx, s)
	s.took = time.Since(s.start)
	s.to, s.answered = s.from, err == nil
	switch {
	case err != nil:
		s.failed = err.Error()
	case status >= http.StatusInternalServerError || status >= http.StatusBadRequest && !u.live:
		s.failed = fmt.Sprintf("status %d", status)
		s.own = who != "" && status == http.StatusServiceUnavailable
	case who != "":
		s.to = who
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.backend = s.to
	u.shots = append(u.shots, s)
}

func (u *user) send(ctx context.Context, s shot) (status int, who string, err error) {
	method, body := http.MethodGet, io.Reader(nil)
	if s.post {
		method, body = http.MethodPost, strings.NewReader("written once")
	}
	where := u.target.url
	where.RawQuery = idKey + "=" + s.id
	req, err := http.NewRequestWithContext(ctx, method, where.String(), body)
	if err != nil {
		return 0, "", err
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close() // it has been read
	return resp.StatusCode, resp.Header.Get(whoHeader), err
}

// at is the backend that knows the user.
func (u *user) at() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.backend
}

// crowd is users that visit.
type crowd struct {
	users []*user
	stop  chan struct{}
	going sync.WaitGroup
}

// gather lets all users in, so that each has a backend, and sets them going.
// The end of ctx cuts their requests.
func (s *stage) gather(ctx context.Context, scenario string) *crowd {
	c := &crowd{stop: make(chan struct{})}
	pace := max(time.Millisecond, time.Second*time.Duration(s.o.Users)/time.Duration(s.o.Rate))
	for i := range s.o.Users {
		u := s.newUser(scenario, i)
		u.visit(ctx, 0)
		c.users = append(c.users, u)
	}
	for i, u := range c.users {
		c.going.Go(func() {
			defer u.client.CloseIdleConnections()
			time.Sleep(pace * time.Duration(i) / time.Duration(s.o.Users)) // not all at once
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for n := 1; ; n++ {
				select {
				case <-c.stop:
					return
				case <-tick.C:
					u.visit(ctx, n)
				}
			}
		})
	}
	return c
}

// end waits for the last answers and returns all requests.
func (c *crowd) end() []shot {
	close(c.stop)
	c.going.Wait()
	var all []shot
	for _, u := range c.users {
		all = append(all, u.shots...)
	}
	return all
}

// homes tells how many users each backend knows.
func (c *crowd) homes() map[string]int {
	all := make(map[string]int)
	for _, u := range c.users {
		all[u.at()]++
	}
	return all
}
