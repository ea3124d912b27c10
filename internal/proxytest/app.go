package proxytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// childEnv tells a test binary to be a backend.
const childEnv = "PROXYTEST_CHILD"

// childSpec is what a child is told.
type childSpec struct {
	Name   string
	Addr   string
	Record string        // file that gets a line for every POST
	Delay  time.Duration // between that line and the answer
}

// app is an application server as the stateful ones are: what it knows of a
// visitor is in its own memory alone.
type app struct {
	spec   childSpec
	record *os.File

	leaving atomic.Bool // every answer from now on is the last of its connection
	asks    atomic.Bool // its health check asks for a drain

	mu     sync.Mutex // guards visits
	visits map[string]int
}

// runChild serves until SIGTERM, which lets requests in flight end, and
// returns the exit code.
func runChild(spec string) int {
	if err := serveChild(spec); err != nil {
		fmt.Fprintln(os.Stderr, "proxytest child:", err)
		return 1
	}
	return 0
}

func serveChild(spec string) error {
	a := app{visits: map[string]int{}}
	if err := json.Unmarshal([]byte(spec), &a.spec); err != nil {
		return fmt.Errorf("reading the child's orders: %w", err)
	}
	var err error
	a.record, err = os.OpenFile(a.spec.Record, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the record: %w", err)
	}
	defer func() { _ = a.record.Close() }() // each line was written by itself
	raw, err := net.Listen("tcp", a.spec.Addr)
	if err != nil {
		return err
	}
	l := newLameDuck(raw.(*net.TCPListener))
	s := &http.Server{Handler: &a, ReadHeaderTimeout: time.Minute}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	ask := make(chan os.Signal, 1)
	signal.Notify(ask, syscall.SIGUSR1)
	go func() { // as long as the process
		<-ask
		a.asks.Store(true)
	}()
	drained := make(chan error, 1)
	go func() {
		<-term
		a.leaving.Store(true)
		l.leave()
		time.Sleep(farewell)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		drained <- s.Shutdown(ctx)
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return <-drained
}

// farewell is how long an ending backend waits for requests that are on their
// way over connections that look idle to it. A server that closes those at once
// resets what its kernel has taken and it has not read, and nobody can tell
// whether it was run.
const farewell = 250 * time.Millisecond

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("X-Backend", a.spec.Name)
	if r.URL.Path == "/healthz" {
		if a.asks.Load() {
			w.Header().Set("Sterling-Drain", "now")
		}
		return
	}
	if r.Method == http.MethodPost {
		_, _ = io.Copy(io.Discard, r.Body)
		// One write to a file opened for appending: no line is ever torn.
		if _, err := fmt.Fprintf(a.record, "%s\n", r.Header.Get(TestID)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		time.Sleep(a.spec.Delay)
	}
	visitor := r.Header.Get("X-Visitor")
	a.mu.Lock()
	a.visits[visitor]++
	n := a.visits[visitor]
	a.mu.Unlock()
	_, _ = fmt.Fprintf(w, "%s %d\n", a.spec.Name, n) // the client may have left
}
