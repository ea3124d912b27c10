// Package integration holds the black-box scenarios: each runs the real
// program as a process of its own, speaks to it as clients do, and looks at
// what its backends saw. One topic a file.
//
//	go test ./integration
//	go test ./integration -run TestFailover -long -peers -v
//
// -long runs the scenarios at their full length and prints what they measured;
// -peers runs what concerns them against other proxies that are installed, and
// -table writes what the suite found at all of them to a file.
//
// The package has no code of its own and is never imported.
package integration
