// Command bench compares what a request costs through Sterling with what it
// costs through other proxies, on this machine, side by side.
//
//	go run ./integration/bench
//	go run ./integration/bench -case 'h1*' -n 5 -format markdown
//
// It builds the program, starts three backends, the candidates and the load,
// asks the kernel how much processor time each candidate took, and divides by
// the requests that were answered. Other proxies take part where they are
// installed. docs/benchmarks.md explains the cases and what is the same for
// all candidates.
//
// Everything listens on loopback, is bound in time, and is ended with the
// command, also by an interrupt. It needs Linux.
package main
