package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

// settle is how long idle connections are left alone before the memory that
// they take is looked at.
const settle = 3 * time.Second

// idled is the kind of case in which connections that do nothing are counted
// against the memory of a candidate, a fresh one each time.
func idled(ctx context.Context, b *bench, t trial, candidates []candidate) ([]sample, error) {
	var samples []sample
	for round := range b.o.rounds {
		for _, c := range candidates {
			s, err := b.weigh(ctx, t, c)
			if errors.Is(err, errAbsent) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			samples = append(samples, b.note(t, s, round))
		}
	}
	return samples, nil
}

// weigh measures one candidate.
func (b *bench) weigh(ctx context.Context, t trial, c candidate) (sample, error) {
	r, err := b.startCandidate(ctx, c, t.log)
	if err != nil {
		return sample{}, err
	}
	defer r.stop()
	l, err := b.aim(ctx, t, r)
	if err != nil {
		return sample{}, err
	}
	before, err := used(r.cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	all, err := openAll(ctx, b.o.connections, func(i int) (*idler, error) { return open(ctx, l, i) })
	defer func() {
		for _, c := range all {
			_ = c.Close() // it has served
		}
	}()
	if err != nil {
		return sample{}, err
	}
	took := time.Since(began)
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return sample{}, context.Cause(ctx)
	}
	after, err := used(r.cmd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	// A candidate that closed them meanwhile would look good.
	for i := 0; i < len(all); i += 50 {
		if err := all[i].ask(); err != nil {
			return sample{}, fmt.Errorf("an idle connection is of no use: %w", err)
		}
	}
	return sample{
		Candidate: r.name, Resident: after.resident,
		outcome: outcome{Requests: int64(len(all)), Bytes: int64(len(all)) * l.size, Seconds: took.Seconds()},
		Idle:    float64(after.resident-before.resident) / float64(len(all)),
	}, nil
}

// idler is a connection that is kept open.
type idler struct {
	net.Conn
	in      *bufio.Reader
	request string
	size    int64
}

// dialIdle connects from an address that changes with i, for one has only so many
// ports; those that earlier cases have used rest for a minute, and then the next
// address is tried.
func dialIdle(ctx context.Context, host string, i int) (c net.Conn, err error) {
	for last := 1 + i/10000; last < 255; last += 10 {
		d := net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(last))}}
		c, err = d.DialContext(ctx, "tcp", host)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return c, err
		}
	}
	return nil, err
}

// open opens a connection, the ith, and gets one answer.
func open(ctx context.Context, l load, i int) (*idler, error) {
	scheme, rest, _ := strings.Cut(l.url, "://")
	host, path, _ := strings.Cut(rest, "/")
	c, err := dialIdle(ctx, host, i)
	if err != nil {
		return nil, err
	}
	if scheme == "https" {
		c = tls.Client(c, &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // the bench's own
			MinVersion:         tls.VersionTLS13,
			CurvePreferences:   []tls.CurveID{tls.X25519},
			NextProtos:         []string{"http/1.1"},
		})
	}
	request := "GET /" + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Join(append(l.header, "", ""), "\r\n")
	o := &idler{Conn: c, in: bufio.NewReaderSize(c, 2048), request: request, size: l.size}
	if err := o.ask(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return o, nil
}

// ask gets one answer.
func (c *idler) ask() error {
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, c.request); err != nil {
		return err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer r.Body.Close() //nolint:errcheck // it has been read
	n, err := io.Copy(io.Discard, r.Body)
	switch {
	case err != nil:
		return err
	case r.StatusCode != http.StatusOK || n != c.size:
		return fmt.Errorf("an answer was %s with %d bytes", r.Status, n)
	case r.Close:
		return errors.New("an answer ends the connection")
	}
	return nil
}

// openAll opens n connections, some at a time. What it opened is the caller's,
// also after an error.
func openAll(ctx context.Context, n int, open func(i int) (*idler, error)) ([]*idler, error) {
	const atATime = 16
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("the connections could not be opened in time"))
	defer cancel()
	var mu sync.Mutex
	var all []*idler
	var first error
	var wg sync.WaitGroup
	for worker := range atATime {
		wg.Go(func() {
			for i := worker; i < n && ctx.Err() == nil; i += atATime {
				c, err := open(i)
				mu.Lock()
				if err == nil {
					all = append(all, c)
				} else if first == nil {
					first = err
				}
				mu.Unlock()
				if err != nil {
					cancel()
				}
			}
		})
	}
	wg.Wait()
	if first == nil && len(all) < n {
		first = context.Cause(ctx)
	}
	return all, first
}
