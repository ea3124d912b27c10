package session

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// Write pins a visitor to p.Backend: it puts one Set-Cookie into h, the header of
// an answer, in place of an earlier one of the same name. p.Born is when the
// visitor was assigned to this backend; the zero value and a time to come mean
// now, for one that is new or was moved. p.Visitor is that of the pin which was
// read; 0: a new visitor, who gets an id. The rest of p does not count.
//
// An answer that a shared cache might keep is marked so that the cookie is not
// handed to others: Cache-Control gets no-cache="set-cookie" unless it
// already forbids reuse.
//
// An error means that h is as it was: the name is empty or longer than 255
// bytes, or no randomness was to be had.
func (a *Affinity) Write(h http.Header, p Pin, overTLS bool) error {
	backend, born, visitor := p.Backend, p.Born, p.Visitor
	if backend == "" || len(backend) > maxName {
		return fmt.Errorf("writing the affinity cookie of pool %q: a backend's name must have 1 to %d bytes", a.pool, maxName)
	}
	now := a.now()
	if born.IsZero() || born.After(now) {
		born = now
	}
	for visitor == 0 {
		visitor = rand.Uint64() // seeded by the system; it is no secret
	}
	key := a.keys.signer()
	sealed, err := key.codec.seal(value{pool: a.pool, backend: backend, born: born.UnixMilli(), seen: now.UnixMilli(), visitor: visitor})
	if err != nil {
		return fmt.Errorf("writing the affinity cookie of pool %q: %w", a.pool, err)
	}
	form := a.form(overTLS)
	setCookie(h, form.name, form.name+"="+key.id+"."+sealed+form.attributes)
	guardCache(h)
	return nil
}

// setCookie adds line and removes the earlier lines that set the same cookie.
func setCookie(h http.Header, name, line string) {
	lines := h["Set-Cookie"]
	if slices.ContainsFunc(lines, func(l string) bool { return sets(l, name) }) {
		kept := make([]string, 0, len(lines))
		for _, l := range lines {
			if !sets(l, name) {
				kept = append(kept, l)
			}
		}
		lines = kept
	}
	// Clipped, so that a slice shared with another header is not written to.
	h["Set-Cookie"] = append(slices.Clip(lines), line)
}

// sets reports whether a Set-Cookie line sets the cookie of that name.
func sets(line, name string) bool {
	first, _, _ := strings.Cut(line, ";")
	n, _ := pair(first)
	return n == name
}
