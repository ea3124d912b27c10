package session

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Write pins the visitor to the backend: it puts one Set-Cookie into h, the
// header of an answer, in place of an earlier one of the same name. born is
// when the visitor was assigned to this backend, as [Pin] has it; the zero
// value and a time to come mean now. Pass the zero value when the visitor is
// new or was moved.
//
// An answer that a shared cache might keep is marked so that the cookie is not
// handed to others: Cache-Control gets no-cache="set-cookie" unless it
// already forbids reuse.
//
// An error means that h is as it was: the name is empty or longer than 255
// bytes, or no randomness was to be had.
func (a *Affinity) Write(h http.Header, backend string, born time.Time, overTLS bool) error {
	if backend == "" || len(backend) > maxName {
		return fmt.Errorf("writing the affinity cookie of pool %q: a backend's name must have 1 to %d bytes", a.pool, maxName)
	}
	now := a.now()
	if born.IsZero() || born.After(now) {
		born = now
	}
	key := a.keys.signer()
	sealed, err := key.codec.seal(value{pool: a.pool, backend: backend, born: born.UnixMilli(), seen: now.UnixMilli()})
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
