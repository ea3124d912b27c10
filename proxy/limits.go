package proxy

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// connectionLimits bounds the connections of all listeners together, and those
// of one client address. It is safe for concurrent use.
type connectionLimits struct {
	max        int64 // 0: no limit
	perAddress int   // 0: no limit
	open       atomic.Int64

	descriptors *descriptors

	// addressesMu guards addresses, which is kept only under a perAddress limit.
	addressesMu sync.Mutex
	addresses   map[netip.Addr]int
}

// newConnectionLimits takes the values of [limits]. With connections = 0 there
// are as many as there are descriptors for clients: over QUIC they take none of
// their own, but each costs memory.
func newConnectionLimits(connections, perAddress int) *connectionLimits {
	l := &connectionLimits{max: int64(connections), perAddress: perAddress, descriptors: newDescriptors(descriptorLimit())}
	if connections == 0 {
		l.max = l.descriptors.clients.mark
	}
	if perAddress > 0 {
		l.addresses = make(map[netip.Addr]int)
	}
	return l
}

// descriptorLimit is the soft limit of open files, which the runtime has
// raised to the hard one at start; 0 where it cannot be known.
func descriptorLimit() int64 {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0
	}
	const enough = 1 << 20
	return int64(min(r.Cur, enough)) //nolint:gosec // bounded
}

// takeSocket is take for a connection that has a descriptor of its own.
func (l *connectionLimits) takeSocket(addr netip.Addr) bool {
	if !l.descriptors.clients.Take() {
		return false
	}
	if l.take(addr) {
		return true
	}
	l.descriptors.clients.Give()
	return false
}

// giveSocket returns what takeSocket has taken.
func (l *connectionLimits) giveSocket(addr netip.Addr) {
	l.descriptors.clients.Give()
	l.give(addr)
}

// take asks for a place for a connection from addr.
func (l *connectionLimits) take(addr netip.Addr) bool {
	if n := l.open.Add(1); l.max > 0 && n > l.max {
		l.open.Add(-1)
		return false
	}
	if l.takeAddress(addr) {
		return true
	}
	l.open.Add(-1)
	return false
}

// takeAddress asks for a place among those of addr alone; nobody counts those of
// the zero Addr.
func (l *connectionLimits) takeAddress(addr netip.Addr) bool {
	if l.perAddress <= 0 || !addr.IsValid() {
		return true
	}
	l.addressesMu.Lock()
	defer l.addressesMu.Unlock()
	if l.addresses[addr] >= l.perAddress {
		return false
	}
	l.addresses[addr]++
	return true
}

// give returns a place.
func (l *connectionLimits) give(addr netip.Addr) {
	l.open.Add(-1)
	l.giveAddress(addr)
}

// giveAddress returns a place among those of addr.
func (l *connectionLimits) giveAddress(addr netip.Addr) {
	if l.perAddress <= 0 || !addr.IsValid() {
		return
	}
	l.addressesMu.Lock()
	defer l.addressesMu.Unlock()
	if l.addresses[addr]--; l.addresses[addr] <= 0 {
		delete(l.addresses, addr)
	}
}
