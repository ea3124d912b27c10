//go:build !linux

package proxy

import "net"

// refuseNew needs socket options that this system does not have.
func refuseNew(*net.TCPListener) bool { return false }

// keepAliveByListener leaves keep-alive to Go, which sets it on each connection.
func keepAliveByListener(*net.ListenConfig) {}
