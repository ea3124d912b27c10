//go:build !linux

package proxyline

// ended is not known here: the deadline ends the wait.
func ended(uintptr) bool { return false }
