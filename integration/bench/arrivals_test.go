package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestArrivalsComeAtTheirRateAndNeverTogether(t *testing.T) {
	var at []time.Duration
	schedule(1000, 10*time.Second, func(d time.Duration) { at = append(at, d) })
	if n := len(at); n < 9700 || n > 10300 {
		t.Errorf("%d arrivals in 10 s at 1000/s", n)
	}
	short := 0
	for i := 1; i < len(at); i++ {
		switch d := at[i] - at[i-1]; {
		case d < 0:
			t.Fatalf("arrival %d is before the one before it", i)
		case d < 500*time.Microsecond:
			short++
		}
	}
	// 1 - e^-½ of exponential distances are shorter than half of the mean.
	if part := float64(short) / float64(len(at)); part < 0.37 || part > 0.42 {
		t.Errorf("%v of the distances are short", part)
	}
	again := 0
	schedule(1000, 10*time.Second, func(d time.Duration) {
		if again < len(at) && d != at[again] {
			t.Fatalf("arrival %d is at %v, then at %v", again, at[again], d)
		}
		again++
	})
}

func TestArrivalsAreAllServedOverTheirConnections(t *testing.T) {
	var requests atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") == "a=b" {
			requests.Add(1)
		}
		_, _ = w.Write(smallBody)
	}))
	defer s.Close()
	var out bytes.Buffer
	if err := arrive([]string{"-c", "3", "-d", "200ms", "-r", "500", "-s", "872", "-H", "Cookie: a=b", s.URL + "/"}, &out); err != nil {
		t.Fatal(err)
	}
	o, err := parseOwn(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := 3 + 0 // a request opens each connection
	schedule(500, 200*time.Millisecond, func(time.Duration) { want++ })
	if n := requests.Load(); n != int64(want) || o.Requests != n-3 || o.Bytes != o.Requests*872 || o.P99 < o.P50 || o.P50 <= 0 {
		t.Errorf("the server saw %d requests, want %d; %+v", n, want, o)
	}
}

func TestAConnectionThatFailsFailsTheArrivals(t *testing.T) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) > 5 {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write(smallBody)
	}))
	defer s.Close()
	var out bytes.Buffer
	err := arrive([]string{"-c", "2", "-d", "200ms", "-r", "500", "-s", "872", s.URL + "/"}, &out)
	if err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("got %v, %s", err, out.String())
	}
}
