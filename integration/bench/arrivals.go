package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// arrivals is the command for a load of requests that arrive as those of many
// visitors do, independently of each other and of the answers. It is this
// program itself: what else can be had sends at regular times, all connections
// together, or waits for answers.
func arrivals(l load) (program, error) {
	self, err := os.Executable()
	if err != nil {
		return program{}, fmt.Errorf("finding this program: %w", err)
	}
	argv := []string{
		self, "arrivals", "-c", strconv.Itoa(l.connections), "-d", l.time.String(),
		"-r", strconv.FormatFloat(l.rate, 'f', 1, 64), "-s", strconv.FormatInt(l.size, 10),
	}
	for _, h := range l.header {
		argv = append(argv, "-H", h)
	}
	return program{argv: append(argv, l.url)}, nil
}

// arrive is the role behind arrivals.
func arrive(args []string, out io.Writer) error {
	f := flag.NewFlagSet("arrivals", flag.ContinueOnError)
	var l load
	f.IntVar(&l.connections, "c", 1, "")
	f.DurationVar(&l.time, "d", time.Second, "")
	f.Float64Var(&l.rate, "r", 1, "")
	f.Int64Var(&l.size, "s", 0, "")
	f.Func("H", "", func(line string) error {
		l.header = append(l.header, line)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return err
	}
	l.url = f.Arg(0)
	// One thread waits for the next arrival while another one handles answers,
	// also on a single core.
	runtime.GOMAXPROCS(2)
	all, err := openAll(context.Background(), l.connections, func(i int) (*idler, error) { return open(context.Background(), l, i) })
	defer func() {
		for _, c := range all {
			_ = c.Close() // it has served
		}
	}()
	if err != nil {
		return err
	}
	o, err := serveArrivals(l, all)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(o)
}

// serveArrivals gives each arrival to a connection that is free. Its time
// begins when it arrives, and so includes that of waiting for one.
func serveArrivals(l load, all []*idler) (outcome, error) {
	arrived := make(chan time.Time, 1<<16)
	times, failed := make([][]float64, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			for at := range arrived {
				if failed[i] != nil {
					continue // so that the others come to an end
				}
				failed[i] = c.ask()
				times[i] = append(times[i], float64(time.Since(at).Microseconds())/1e3)
			}
		})
	}
	began := time.Now()
	schedule(l.rate, l.time, func(next time.Duration) {
		if wait := next - time.Since(began); wait > 0 {
			nap(wait)
		}
		arrived <- time.Now()
	})
	close(arrived)
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		return outcome{}, err
	}
	sorted := slices.Concat(times...)
	slices.Sort(sorted)
	return outcome{
		Requests: int64(len(sorted)), Bytes: int64(len(sorted)) * l.size, Seconds: time.Since(began).Seconds(),
		P50: percentile(sorted, 0.5), P99: percentile(sorted, 0.99),
	}, nil
}

// schedule calls at with the time of each arrival from the beginning on, at
// random distances of 1/rate of a second on average. They are the same each
// time, for all candidates.
func schedule(rate float64, length time.Duration, at func(time.Duration)) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // it has to be repeatable
	next := 0.0
	for {
		next += r.ExpFloat64() / rate
		d := time.Duration(next * float64(time.Second))
		if d >= length {
			return
		}
		at(d)
	}
}
