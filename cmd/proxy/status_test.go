package main

import (
	"strings"
	"testing"
	"time"

	"sterling/proxy"
)

func TestStatusTable(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later := time.Date(2026, 3, 1, 12, 30, 0, 0, time.Local)
	s := proxy.Status{
		Descriptors:  proxy.DescriptorStatus{Limit: 1024, Clients: 120, Backends: 80, ClientsUntil: 819, BackendsUntil: 921},
		OldProcesses: []int{4711, 4712},
		Restart:      []string{"listener front"},
		Version:      "v1.0.0", Generation: 2, Ready: true, Started: now.Add(-26 * time.Hour),
		Certificates: []proxy.CertificateStatus{
			{Names: []string{"a.example", "b.example"}, NotAfter: now.Add(30 * 24 * time.Hour)},
			{Names: []string{"c.example"}, NotAfter: now.Add(-time.Hour)},
		},
		Pools: []proxy.PoolStatus{{Name: "app", Held: 7, Queued: 2, Backends: []proxy.BackendStatus{
			{Name: "b1", State: "up", Since: now.Add(-90 * time.Second), Weight: 1, InFlight: 3, Requests: 1000, Failures: 1},
			{Name: "b2", State: "down", Reason: "connection refused", Weight: 2, Queued: 1, Awaits: "visitors", AwaitsUntil: &later},
			{
				Name: "b3", State: "draining", Reason: "ordered by the operator", Weight: 1, SafeToStop: true, SessionsExact: true,
				Sessions: new(int64), Order: &proxy.OrderStatus{Duty: "draining", Mode: "keep"},
			},
			{
				Name: "b4", State: "up", Since: now.Add(-72 * time.Hour), Weight: 1,
				Ejected: &proxy.EjectionStatus{Reason: "5 errors in a row", Since: now.Add(-10 * time.Second), Until: now.Add(20 * time.Second)},
			},
		}}},
	}
	var b strings.Builder
	if err := printStatus(&b, s, now); err != nil {
		t.Fatal(err)
	}
	want := `sterling v1.0.0, ready, generation 2, up 1d2h
old process 4711 finishes what it began before an upgrade
old process 4712 finishes what it began before an upgrade

POOL  BACKEND  STATE                   REASON                           SINCE  WEIGHT  VISITORS  IN FLIGHT  TUNNELS  REQUESTS  FAILURES
app   b1       up                      -                                1m30s  1       -         3          0        1000      1
app   b2       down                    connection refused               -      2       -         0          0        0         0
app   b3       draining, safe to stop  ordered by the operator          -      1       0         0          0        0         0
app   b4       up, ejected             5 errors in a row, for 20s more  10s    1       -         0          0        0         0

app/b2 waits until 2026-03-01 12:30:00 at the latest for visitors

certificate for a.example, b.example: until 2026-03-31, 30 days

certificate for c.example: expired on 2026-03-01

restart to apply: listener front

pool app: 7 requests wait until there is a backend, 3 for a place at one that is full

descriptors: 200 in use for connections, of 1024 that the process may have
  120 to clients; at 819 in use, no client is let in
  80 to backends; at 921 in use, no backend is connected to
`
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
}
