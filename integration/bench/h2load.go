package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// h2load is the command for a load over HTTP/2.
func h2load(l load) (program, error) {
	argv := []string{
		"h2load", "-t1", "-c", strconv.Itoa(l.connections), "-m", strconv.Itoa(max(1, l.streams)), "-D", seconds(l.time),
		"--log-file=" + filepath.Join(l.dir, "requests"),
	}
	for _, h := range l.header {
		argv = append(argv, "-H", h)
	}
	return program{argv: append(argv, l.url)}, nil
}

func readH2load(out []byte, l load) (outcome, error) {
	o, err := parseH2load(out)
	if err != nil {
		return outcome{}, err
	}
	log, err := os.ReadFile(filepath.Join(l.dir, "requests"))
	if err != nil {
		return outcome{}, fmt.Errorf("reading the times of the requests: %w", err)
	}
	times, err := parseTimes(string(log))
	if err != nil {
		return outcome{}, err
	}
	o.P50, o.P99 = percentile(times, 0.5), percentile(times, 0.99)
	return o, nil
}

var (
	h2loadFinished = regexp.MustCompile(`(?m)^finished in ([0-9.]+)(us|ms|s|m|h)?, ([0-9.]+) req/s`)
	h2loadRequests = regexp.MustCompile(`(?m)^requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2loadStatus   = regexp.MustCompile(`(?m)^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx`)
	h2loadTraffic  = regexp.MustCompile(`(?m)^traffic: .*\((\d+)\) data`)
)

// parseH2load reads what h2load prints. Bytes are those of bodies.
func parseH2load(out []byte) (outcome, error) {
	finished, requests := h2loadFinished.FindSubmatch(out), h2loadRequests.FindSubmatch(out)
	status, traffic := h2loadStatus.FindSubmatch(out), h2loadTraffic.FindSubmatch(out)
	if finished == nil || requests == nil || status == nil || traffic == nil {
		return outcome{}, fmt.Errorf("a line is missing in what h2load printed: %.500q", out)
	}
	number := func(b []byte) int64 {
		n, _ := strconv.ParseInt(string(b), 10, 64) // digits
		return n
	}
	o := outcome{Requests: number(requests[1]), Bytes: number(traffic[1])}
	if bad := number(requests[2]) + number(requests[3]) + number(requests[4]); bad > 0 {
		return outcome{}, fmt.Errorf("%d requests failed: %s", bad, bytes.TrimSpace(requests[0]))
	}
	if bad := number(status[2]) + number(status[3]) + number(status[4]); bad > 0 {
		return outcome{}, fmt.Errorf("%d answers were errors: %s", bad, bytes.TrimSpace(status[0]))
	}
	rps, err := strconv.ParseFloat(string(finished[3]), 64)
	if err != nil || rps <= 0 {
		return outcome{}, errors.New("h2load answered no request")
	}
	o.Seconds = float64(o.Requests) / rps
	return o, nil
}

// parseTimes reads h2load's log, a line "start status micros" a request, and
// returns the times in milliseconds, shortest first.
func parseTimes(log string) ([]float64, error) {
	var times []float64
	for line := range strings.Lines(log) {
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("a line of h2load's log has %d fields", len(f))
		}
		t, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			return nil, fmt.Errorf("reading the time of a request: %w", err)
		}
		times = append(times, t/1e3)
	}
	slices.Sort(times)
	return times, nil
}
