package session

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	defaultIdle = 30 * time.Minute
	defaultLife = 12 * time.Hour

	// hostPrefix makes browsers refuse the cookie unless it is Secure, has
	// Path=/ and no Domain, so that no sub-domain can plant one
	// (draft-ietf-httpbis-rfc6265bis, section 4.1.3.2).
	hostPrefix = "__Host-"
)

// Options describe the affinity of one pool.
type Options struct {
	// Pool is the pool's name, 1 to 255 bytes. A cookie made for another pool
	// is not honoured.
	Pool string

	// Cookie is the cookie's name on plain HTTP; over TLS "__Host-" stands
	// before it. "": "sterling-" and the pool's name. Pools that are reached
	// through one host need different names, or they take turns in replacing
	// each other's cookie.
	Cookie string

	// Idle is how long a visitor may stay away and keep the pin; 0: 30 minutes.
	Idle time.Duration

	// Life is how long a pin lasts however busy the visitor is; 0: 12 hours.
	Life time.Duration

	// SameSite is none, lax, strict or "". "": None over TLS and Lax on plain
	// HTTP, where browsers refuse None, so that there none means Lax, too. The
	// cookie is no credential: None lets a cross-site POST, such as a sign-on
	// or a payment makes on its way back, find the server that knows it.
	SameSite string

	// Keys sign and verify. Required. All replicas must have the same ones.
	Keys *Keys

	// Counts gets the verdicts; nil: counts of this Affinity alone. Pass the
	// same one again when an Affinity is rebuilt, and counting goes on.
	Counts *Counts

	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Affinity reads and writes the cookie of one pool. It never changes after New
// and is safe for concurrent use.
type Affinity struct {
	pool       string
	idle, life time.Duration
	now        func() time.Time
	keys       *Keys
	counts     *Counts
	plain, tls cookie
	strip      *Stripper
}

// cookie is one of the two forms in which a pool's cookie is written.
type cookie struct {
	name       string
	attributes string // with the leading "; "
}

// New makes the Affinity that o describes. An error names the option at fault.
func New(o Options) (*Affinity, error) {
	a := &Affinity{pool: o.Pool, idle: o.Idle, life: o.Life, now: o.Now, keys: o.Keys, counts: o.Counts}
	if a.idle == 0 {
		a.idle = defaultIdle
	}
	if a.life == 0 {
		a.life = defaultLife
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.counts == nil {
		a.counts = new(Counts)
	}
	name := o.Cookie
	if name == "" {
		name = "sterling-" + o.Pool
	}
	words, unknown := sameSiteWords(o.SameSite)
	if err := errors.Join(a.check(), checkCookieName(name), unknown); err != nil {
		return nil, fmt.Errorf("making the affinity of pool %q: %w", o.Pool, err)
	}
	// No Max-Age and no Expires: a session cookie; our own limits alone count.
	a.plain = cookie{name, "; Path=/; HttpOnly; SameSite=" + words.plain}
	// Not Partitioned: a partitioned cookie is another one in each top-level
	// site, so a visitor that comes both directly and through a frame or a
	// cross-site POST would hold two pins, to two servers.
	a.tls = cookie{hostPrefix + name, "; Path=/; HttpOnly; Secure; SameSite=" + words.tls}
	a.strip = NewStripper(a)
	return a, nil
}

func (a *Affinity) check() error {
	var faults []error
	if a.pool == "" || len(a.pool) > maxName {
		faults = append(faults, fmt.Errorf("the pool's name must have 1 to %d bytes", maxName))
	}
	if a.idle < 0 || a.life < 0 {
		faults = append(faults, errors.New("idle and life must not be negative"))
	}
	if a.keys.signer() == nil {
		faults = append(faults, errors.New("there is no key to sign with"))
	}
	return errors.Join(faults...)
}

// CookieName returns the name of the cookie that counts over TLS or on plain HTTP.
func (a *Affinity) CookieName(overTLS bool) string { return a.form(overTLS).name }

// Counts returns the counts of what Read found.
func (a *Affinity) Counts() *Counts { return a.counts }

// Due reports whether the cookie of a valid pin is to be written again: a
// tenth of the idle limit has passed since it was, or its key is no longer the
// one that signs. Pass the pin's Born to Write then.
func (a *Affinity) Due(p Pin) bool { return a.DueAt(a.now(), p) }

// DueAt is Due for a caller who knows what time it is.
func (a *Affinity) DueAt(now time.Time, p Pin) bool {
	age := now.Sub(p.Seen)
	// A date ahead of ours comes from a clock that was wrong; writing it anew
	// ends that.
	return p.old || age >= a.idle/10 || age <= -a.idle/10
}

// DueAfter is DueAt, and also true when after has passed since the cookie was
// written: for who has to know better than by a tenth of the idle limit when its
// visitor was last here.
func (a *Affinity) DueAfter(now time.Time, p Pin, after time.Duration) bool {
	return now.Sub(p.Seen) >= after || a.DueAt(now, p)
}

// Precision is how long the visitor of a pin may have gone on coming after its
// Seen: a tenth of the idle limit.
func (a *Affinity) Precision() time.Duration { return a.idle / 10 }

func (a *Affinity) form(overTLS bool) cookie {
	if overTLS {
		return a.tls
	}
	return a.plain
}

// checkCookieName holds name against the token rule of RFC 6265, section 4.1.1.
func checkCookieName(name string) error {
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return fmt.Errorf("the cookie name %q has a character that a cookie name cannot have", name)
		}
	}
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-") {
		return fmt.Errorf("the cookie name %q must not have a prefix; over TLS %s is put before it", name, hostPrefix)
	}
	if len(name) > maxName {
		return fmt.Errorf("the cookie name must not be longer than %d bytes", maxName)
	}
	return nil
}

type sameSite struct{ tls, plain string }

func sameSiteWords(option string) (sameSite, error) {
	switch option {
	case "", "none":
		return sameSite{"None", "Lax"}, nil
	case "lax":
		return sameSite{"Lax", "Lax"}, nil
	case "strict":
		return sameSite{"Strict", "Strict"}, nil
	}
	return sameSite{}, fmt.Errorf("same-site %q is not known; use none, lax or strict", option)
}
