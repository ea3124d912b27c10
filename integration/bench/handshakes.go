package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// handshakes is the command for a load in which every request has a new TLS
// 1.3 connection with a full handshake. It is this program itself: wrk resumes
// sessions and cannot be told not to.
func handshakes(l load) (program, error) {
	self, err := os.Executable()
	if err != nil {
		return program{}, fmt.Errorf("finding this program: %w", err)
	}
	argv := []string{self, "handshakes", "-c", strconv.Itoa(l.connections), "-d", l.time.String()}
	for _, h := range l.header {
		argv = append(argv, "-H", h)
	}
	return program{argv: append(argv, l.url)}, nil
}

// shake is the role behind handshakes.
func shake(args []string, out io.Writer) error {
	f := flag.NewFlagSet("handshakes", flag.ContinueOnError)
	connections, length := f.Int("c", 1, ""), f.Duration("d", time.Second, "")
	header := http.Header{}
	f.Func("H", "", func(line string) error {
		k, v, _ := strings.Cut(line, ": ")
		header.Add(k, v)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return err
	}
	u, err := url.Parse(f.Arg(0))
	if err != nil {
		return err
	}
	s := shaker{request: &http.Request{Method: "GET", URL: u, Host: u.Host, Header: header, Close: true}}
	began := time.Now()
	var wg sync.WaitGroup
	for range *connections {
		wg.Go(func() { s.run(began.Add(*length)) })
	}
	wg.Wait()
	slices.Sort(s.times)
	if s.err != nil {
		return s.err
	}
	return json.NewEncoder(out).Encode(outcome{
		Requests: int64(len(s.times)), Bytes: s.bytes, Seconds: time.Since(began).Seconds(),
		P50: percentile(s.times, 0.5), P99: percentile(s.times, 0.99),
	})
}

// shaker counts the requests of all its loops.
type shaker struct {
	request *http.Request

	mu    sync.Mutex
	times []float64 // milliseconds
	bytes int64
	err   error // the first
}

// run asks until the end, or until a request fails.
func (s *shaker) run(end time.Time) {
	t := &http.Transport{DialTLSContext: dialOnce, DisableKeepAlives: true}
	for time.Now().Before(end) {
		began := time.Now()
		n, err := s.ask(t)
		s.mu.Lock()
		s.times, s.bytes = append(s.times, float64(time.Since(began).Microseconds())/1e3), s.bytes+n
		if s.err == nil {
			s.err = err
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *shaker) ask(t *http.Transport) (int64, error) {
	r, err := t.RoundTrip(s.request.Clone(context.Background()))
	if err != nil {
		return 0, err
	}
	defer r.Body.Close() //nolint:errcheck // it has been read
	if r.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("an answer was %s", r.Status)
	}
	return io.Copy(io.Discard, r.Body)
}

// dialOnce makes a TLS 1.3 connection that resumes nothing and offers one key
// exchange, that which all candidates know.
func dialOnce(ctx context.Context, network, address string) (net.Conn, error) {
	d := tls.Dialer{Config: &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // its cost is not the candidates'
		MinVersion:         tls.VersionTLS13,
		CurvePreferences:   []tls.CurveID{tls.X25519},
		NextProtos:         []string{"http/1.1"},
	}}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if t, ok := c.(*tls.Conn); ok && t.ConnectionState().DidResume {
		return nil, errors.Join(errors.New("a session was resumed"), c.Close())
	}
	return c, nil
}
