package prove

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"sterling/internal/admin"
)

// announced is rolling, with each backend first asking for its drain, and
// ended when no user is left at it.
func announced(ctx context.Context, x *scene) error {
	defer func() { x.idle = len(x.outages) == 0 }()
	return x.oneByOne(ctx, func(v victim) error {
		if len(v.children) < 2 || v.pool.Health == nil || v.pool.Health.Type != "http" {
			x.remark("pool " + v.pool.Name + ": not drained, for want of http checks or of another backend")
			return nil
		}
		return x.emptied(ctx, v, func() error { return v.order("leave") }, nil)
	})
}

// drained is rolling, with each backend first drained and then enabled by
// order of an operator.
func drained(ctx context.Context, x *scene) error {
	defer func() { x.idle = len(x.outages) == 0 }()
	give := func(v victim, order string, parameters url.Values) error {
		_, err := x.front.admin.Order(ctx, v.pool.Name, v.backendName(), order, parameters)
		return err
	}
	return x.oneByOne(ctx, func(v victim) error {
		err := x.emptied(ctx, v,
			func() error { return give(v, "drain", url.Values{"mode": {"now"}}) },
			func() error { return give(v, "enable", nil) })
		var refusal *admin.Refusal
		if errors.As(err, &refusal) {
			x.remark("pool " + v.pool.Name + ": not drained: " + refusal.Problem)
			return nil
		}
		return err
	})
}

// emptied has a backend drained, waits until its users have left, exchanges its
// process, and takes the drain back. A drain that is refused changes nothing.
func (x *scene) emptied(ctx context.Context, v victim, drain, back func() error) error {
	began := time.Now()
	if err := drain(); err != nil {
		return err
	}
	x.outages = append(x.outages, outage{backend: v.child.name, from: began})
	i := len(x.outages) - 1
	defer func() { x.outages[i].to = time.Now() }()
	if err := x.empty(ctx, v); err != nil {
		return err
	}
	if back == nil {
		return x.restart(ctx, v)
	}
	v.terminate()
	if err := errors.Join(v.start(), back()); err != nil {
		return err
	}
	return x.upAgain(ctx, v.pool.Name, v.backendName())
}

// emptyLimit is how long it may take until the last user has left a backend
// that is drained.
const emptyLimit = 30 * time.Second

// empty waits until a backend has no users.
func (x *scene) empty(ctx context.Context, v victim) error {
	err := until(ctx, emptyLimit, func() bool { return x.crowd.homes()[v.child.name] == 0 })
	if errors.Is(err, errLate) {
		x.remark(v.child.name + " was drained, and its users did not leave")
		return nil
	}
	return err
}

// remark adds a note once.
func (x *scene) remark(note string) {
	if !slices.Contains(x.notes, note) {
		x.notes = append(x.notes, note)
	}
}
