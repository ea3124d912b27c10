// Package handover passes the listening sockets of this process to a new one,
// so that a program can be exchanged without a client noticing.
//
// The old process calls [Start] and then [Child.Wait], which returns when the
// new one can serve, or has failed and is gone; then it lets go of what must have
// one owner, and says so by [Child.LetGo]. The new process calls [Take] before
// anything else, [Inherited.Ready] when it can serve, and serves once
// [Inherited.LetGo] says so. Meanwhile both hold the sockets, and the kernel
// keeps what neither has accepted: nothing is refused and nothing lost.
//
// A [Link] stays between them after that, for as long as the old process lives.
// What is said over it is the callers' business.
//
// Take also finds the sockets that systemd passes (sd_listen_fds(3)); they go
// from process to process in the same way.
//
// The functions may be called by any goroutine, but Take is for the start of a
// process, once. The package never closes a socket that its caller uses, never
// ends a process that it did not start, and never logs.
package handover

import "os"

// Socket is one listening socket.
type Socket struct {
	// Name is that of the listener; "" for one of systemd's.
	Name string
	// Address is what the configuration calls its address, as "[::]:443" or
	// "fd:web".
	Address string
	// File is the socket. Its owner closes it.
	File *os.File
}

// Close closes the files of all sockets.
func Close(sockets []Socket) {
	for _, s := range sockets {
		_ = s.File.Close() // others may have closed it
	}
}
