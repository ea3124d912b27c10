package proxytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestID is the header by which a [Counter] knows a request.
const TestID = "X-Test-Id"

// Counter is a well-behaved backend that counts what was delivered to it. It
// answers with its name in X-Backend and in the body.
type Counter struct {
	*httptest.Server
	// Name is what it calls itself.
	Name string
	// Addr is where it listens, host:port.
	Addr string

	mu   sync.Mutex // guards seen
	seen map[string]int
}

// NewCounter starts a counter that ends with the test. then, which may be nil,
// answers in its place once the delivery was counted and the body read.
func NewCounter(t testing.TB, name string, then http.HandlerFunc) *Counter {
	t.Helper()
	c := &Counter{Name: name, seen: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		c.mu.Lock()
		c.seen[r.Header.Get(TestID)]++
		c.mu.Unlock()
		w.Header().Set("X-Backend", name)
		if then != nil {
			then(w, r)
			return
		}
		_, _ = io.WriteString(w, name) // the client may have left
	}))
	c.Addr = strings.TrimPrefix(c.URL, "http://")
	t.Cleanup(c.Server.Close)
	return c
}

// Delivered tells how often the request of that id arrived, with its body.
func (c *Counter) Delivered(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[id]
}

// Total counts all deliveries.
func (c *Counter) Total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.seen {
		n += k
	}
	return n
}

// Twice returns the ids that were delivered more than once to all of the
// counters together.
func Twice(counters ...*Counter) []string {
	sum := map[string]int{}
	for _, c := range counters {
		c.mu.Lock()
		for id, n := range c.seen {
			sum[id] += n
		}
		c.mu.Unlock()
	}
	var out []string
	for id, n := range sum {
		if n > 1 && id != "" {
			out = append(out, id)
		}
	}
	return out
}
