package main

import (
	"strings"
	"testing"
)

const h2loadOutput = `starting benchmark...
spawning thread #0: 16 total client(s). Timing-based test with 0s of warm-up time and 4s of main duration for measurements.
Main benchmark duration is over for thread #0. Stopping all clients.

finished in 4.00s, 32500.25 req/s, 28.53MB/s
requests: 130001 total, 130161 started, 130001 done, 130001 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 130009 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 114.13MB (119673452) total, 4.22MB (4425001) headers (space savings 88.01%), 108.11MB (113360872) data
                     min         max         mean         sd        +/- sd
time for request:      510us     21.12ms      4.91ms      1.02ms    83.10%
`

func TestH2loadSummaryIsRead(t *testing.T) {
	o, err := parseH2load([]byte(h2loadOutput))
	if err != nil {
		t.Fatal(err)
	}
	if o.Requests != 130001 || o.Bytes != 113360872 || o.Seconds < 3.99 || o.Seconds > 4.01 {
		t.Errorf("got %+v", o)
	}
}

func TestH2loadFailuresAreFailures(t *testing.T) {
	for _, c := range []struct{ old, bad string }{
		{"0 failed", "1 failed"},
		{"0 errored", "2 errored"},
		{"0 timeout", "3 timeout"},
		{"0 3xx", "4 3xx"},
		{"0 4xx", "5 4xx"},
		{"0 5xx", "6 5xx"},
		{"status codes", "codes"},
		{"32500.25", "0.00"},
		{h2loadOutput, ""},
	} {
		if o, err := parseH2load([]byte(strings.Replace(h2loadOutput, c.old, c.bad, 1))); err == nil {
			t.Errorf("%q: got %+v", c.bad, o)
		}
	}
}

func TestTimesOfRequestsAreSortedMilliseconds(t *testing.T) {
	times, err := parseTimes("1700000000000001\t200\t2500\n1700000000000000\t200\t500\n")
	if err != nil || len(times) != 2 || times[0] != 0.5 || times[1] != 2.5 {
		t.Errorf("got %v, %v", times, err)
	}
	for _, log := range []string{"1\t200\n", "1\t200\tx\n"} {
		if _, err := parseTimes(log); err == nil {
			t.Errorf("no error for %q", log)
		}
	}
}
