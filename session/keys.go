package session

import (
	"fmt"
	"io"
)

const (
	maxKeys   = 32 // keys in a file; far more than any rotation needs
	maxID     = 16 // bytes of a key's id
	minSecret = 32 // bytes of a key's secret, decoded
)

// Keys are the keys of affinity cookies, newest first: the first one signs,
// all of them verify. They never change, are safe for concurrent use, and show
// no secret however they are printed or marshalled. The zero value holds no
// key. Keys come from [LoadKeys], [CreateKeys] and [LoadOrCreate]; the methods
// that change something return new Keys, for [Keys.Save] to write.
type Keys struct {
	// A function, for fmt prints it as an address wherever it lies. In a field
	// that is not exported fmt does not call Format, and some verbs follow
	// pointers there.
	ring func() *ring
}

func keysOf(r *ring) *Keys {
	r.verified = newVerified()
	return &Keys{func() *ring { return r }}
}

// ring is the content of a key file.
type ring struct {
	keys     []key
	lines    []string // of the file, comments and all, without line ends
	exposed  bool
	created  bool
	verified *verified // of what these keys, and no others, have verified
}

// key is one line of a key file.
type key struct {
	id     string
	line   int // index in ring.lines
	secret []byte
	codec  codec
}

// IDs returns the ids of the keys, newest first, in a slice that belongs to
// the caller. The file holds no dates, so the age of a key is not known; ids
// made here begin with the day.
func (k *Keys) IDs() []string {
	var ids []string
	for _, key := range k.all() {
		ids = append(ids, key.id)
	}
	return ids
}

// Exposed reports whether the file's mode let others than its owner at it when
// it was read. Whoever reads a key can choose a visitor's server; it is worth a
// warning.
func (k *Keys) Exposed() bool { return k.content().exposed }

// Created reports whether this call made the file. Replicas that each made
// their own do not honour each other's cookies.
func (k *Keys) Created() bool { return k.content().created }

func (k *Keys) content() *ring {
	if k == nil || k.ring == nil {
		return new(ring)
	}
	return k.ring()
}

func (k *Keys) all() []key { return k.content().keys }

// signer returns the first key, or nil.
func (k *Keys) signer() *key {
	if all := k.all(); len(all) > 0 {
		return &all[0]
	}
	return nil
}

// String tells the number of keys and nothing else.
func (k Keys) String() string { return fmt.Sprintf("session.Keys(%d)", len(k.all())) }

// GoString is String.
func (k Keys) GoString() string { return k.String() }

// Format writes String, whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) {
	// Printing has no use for the error; fmt drops it, too.
	_, _ = io.WriteString(f, k.String())
}

// MarshalJSON returns String as a JSON string.
func (k Keys) MarshalJSON() ([]byte, error) { return []byte(`"` + k.String() + `"`), nil }

// MarshalText returns String.
func (k Keys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
