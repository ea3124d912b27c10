package session

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

const (
	// verifiedSlots bounds how many values are remembered. A power of two.
	verifiedSlots = 1 << 14
	// maxRemembered bounds each of them, in bytes. A cookie of names of
	// ordinary length has about 220: a full table of those takes 6 MB, and one
	// of the longest 14.
	maxRemembered = 512
)

// verified remembers cookie values that were verified under the keys of one
// ring, so that a visitor who comes again costs a look-up and no cryptography.
// It is a table without locks and of fixed size, in which the newer of two
// values for one slot takes the place of the older.
//
// Only values that verified get in, so forged ones take no room and push none
// out. Nothing that is written is put in before it comes back: clients that
// keep no cookies would push out those that do.
//
// The hash has a seed that nobody knows, so no client can aim at a slot, and
// values are compared only where all 64 bits of it agree: how long a look-up
// takes tells a client nothing of another one's cookie, and of its own only
// that it was here before.
type verified struct {
	seed  maphash.Seed
	slots [verifiedSlots]atomic.Pointer[remembered]
}

// remembered is one verified value. It never changes.
type remembered struct {
	hash   uint64
	sealed string // with the key's id before it, as it stands in the cookie
	said   value
	newest bool // the key that signed it is the one that signs
}

func newVerified() *verified { return &verified{seed: maphash.MakeSeed()} }

// find returns what is known of a cookie value, or nil, and the value's hash.
func (t *verified) find(v string) (known *remembered, hash uint64) {
	hash = maphash.String(t.seed, v)
	known = t.slots[hash%verifiedSlots].Load()
	if known == nil || known.hash != hash || known.sealed != v {
		return nil, hash
	}
	return known, hash
}

// keep remembers a value that verified. r.sealed may be part of something
// large, and is copied.
func (t *verified) keep(r remembered) {
	if len(r.sealed) > maxRemembered {
		return
	}
	r.sealed = strings.Clone(r.sealed)
	t.slots[r.hash%verifiedSlots].Store(&r)
}
