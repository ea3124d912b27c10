package main

import "context"

// trial is a case: a load under which the candidates are compared.
type trial struct {
	name  string
	about string
	tool  string // of the load; "": the kind needs none
	tls   bool
	log   bool // with access logs
	path  string
	// connections and streams of the load; 0: what is usual.
	connections, streams int
	// header lines besides the cookie.
	header []string
	// stranger: the visitor has no cookie.
	stranger bool
	rate     float64 // requests a second; 0: as many as can be
	kind     kind
}

// kind says how a case is measured.
type kind int

const (
	saturation kind = iota // as many requests as can be
	halfRate               // half of what HAProxy can do
	halfOwn                // half of what each can do
	idleMemory             // connections that do nothing
	growth                 // a small configuration against a large one
)

// kinds says how each kind is measured, and what its ratio compares with what.
var kinds = map[kind]struct {
	run       func(context.Context, *bench, trial, []candidate) ([]sample, error)
	value     func(row) float64
	reference []string // the best of these has the ratio 1
}{
	saturation: {saturated, func(r row) float64 { return r.Cost }, []string{"haproxy", "nginx"}},
	halfRate:   {paced, func(r row) float64 { return r.P99 }, []string{"haproxy"}},
	halfOwn:    {pacedByItself, func(r row) float64 { return r.P99 }, []string{"haproxy"}},
	idleMemory: {idled, func(r row) float64 { return r.Idle }, []string{"haproxy", "nginx"}},
	growth:     {grown, func(r row) float64 { return r.Cost }, []string{smallSite}},
}

// trials are all cases, in the order in which they run.
var trials = []trial{
	{name: "h1", about: "HTTP/1.1 keep-alive, plain", tool: "wrk", path: "/"},
	{name: "h1-tls", about: "HTTP/1.1 keep-alive, TLS", tool: "wrk", path: "/", tls: true},
	{name: "h1-log", about: "HTTP/1.1 keep-alive, plain, access log", tool: "wrk", path: "/", log: true},
	{name: "h1-tls-log", about: "HTTP/1.1 keep-alive, TLS, access log", tool: "wrk", path: "/", tls: true, log: true},
	{name: "tls-new", about: "new TLS 1.3 connection per request, P-256", tool: "handshakes", path: "/", tls: true, connections: 16},
	{
		name: "tls-resumed", about: "resumed TLS 1.3 connection per request", tool: "wrk", path: "/", tls: true, connections: 16,
		header: []string{"Connection: close"},
	},
	{name: "h2", about: "HTTP/2 over TLS, 16 connections × 10 streams", tool: "h2load", path: "/", tls: true, connections: 16, streams: 10},
	{name: "1m", about: "1 MiB answer, plain", tool: "wrk", path: "/1m"},
	{name: "1m-tls", about: "1 MiB answer, TLS", tool: "wrk", path: "/1m", tls: true},
	{name: "rate", about: "HTTP/1.1 keep-alive, plain, at half of HAProxy's rate", tool: "arrivals", path: "/", kind: halfRate},
	{name: "rate-own", about: "HTTP/1.1 keep-alive, plain, each at half of its own rate", tool: "arrivals", path: "/", kind: halfOwn},
	{name: "memory", about: "idle keep-alive connections, plain", path: "/", kind: idleMemory},
	{name: "memory-tls", about: "idle keep-alive connections, TLS", path: "/", tls: true, kind: idleMemory},
	{
		name: "config", about: "5,000 routes and 1,000 backends against 10 and 3, a visitor who comes back",
		tool: "wrk", path: "/", kind: growth,
	},
	{
		name: "config-new", about: "5,000 routes and 1,000 backends against 10 and 3, a new visitor each time",
		tool: "wrk", path: "/", stranger: true, kind: growth,
	},
}

func caseNames() []string {
	var names []string
	for _, t := range trials {
		names = append(names, t.name)
	}
	return names
}

// size of the body of an answer.
func (t trial) size() int64 {
	if t.path == "/1m" {
		return largeSize
	}
	return smallSize
}

// base is where r serves the case.
func (t trial) base(s site) string {
	if t.tls {
		return "https://" + s.secure
	}
	return "http://" + s.plain
}
