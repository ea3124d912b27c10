//go:build !linux

package http1

import "syscall"

// peerState is known on Linux alone.
func peerState(syscall.RawConn) (fin, gone bool) { return false, false }

func unread(syscall.RawConn) bool { return false }
