package accesslog

import "time"

// sample returns a record in which every field is set.
func sample() *Record {
	return &Record{
		Time: time.Date(2026, 3, 9, 7, 5, 4, 98765432, time.FixedZone("", 3600)), ID: "0198f3a2",
		Listener: "front", Route: "portal", Pool: "app", Backend: "b2", Affinity: "moved",
		Attempts: []Attempt{
			{"b1", 1500 * time.Microsecond, "connect_failed"},
			{"b2", 20 * time.Millisecond, "ok"},
		},
		End: "ok", Client: "192.0.2.7", Method: "GET", Host: "www.example.org", Path: "/a/b", Query: "x=1&y=2",
		Proto: "HTTP/1.1", Status: 200, BytesIn: 12, BytesOut: 872,
		Duration: 23456 * time.Microsecond, Connect: 340 * time.Microsecond, Header: 22 * time.Millisecond,
		UserAgent: `Mozilla/5.0 "quoted"`, Referer: "https://www.example.org/é",
		NotRetried: "budget", Queued: 7500 * time.Microsecond, Held: 2 * time.Second, ClientCert: "CN=ann",
	}
}
