package prove

import (
	"context"
	"errors"
	"syscall"
	"time"
)

// steady does nothing.
func steady(ctx context.Context, x *scene) error { return pause(ctx, x.part(80)) }

// kill ends a backend of each pool as kill -9 does, and brings it back later.
func kill(ctx context.Context, x *scene) error {
	return x.outage(ctx, refusedFind, func(v victim) error { v.kill(); return nil }, victim.start)
}

// restart ends a backend in good order, and starts it again at once.
func restart(ctx context.Context, x *scene) error {
	all := x.victims()
	err := each(all, func(v victim) error { return x.restart(ctx, v) })
	return errors.Join(err, pause(ctx, x.part(80)))
}

// freeze stops a backend's process without ending it, as a swapping machine or
// a garbage collector does, and lets it go on later.
func freeze(ctx context.Context, x *scene) error {
	return x.outage(ctx, func(v victim) time.Duration { return findTime(v.pool) },
		func(v victim) error { v.signal(syscall.SIGSTOP); return nil },
		func(v victim) error { v.signal(syscall.SIGCONT); return nil })
}

// refusedFind is how long a process that is gone may seem to be there.
func refusedFind(victim) time.Duration { return refusedAt }

// outage has a backend of each pool fail for a while.
func (x *scene) outage(ctx context.Context, find func(victim) time.Duration, fail, recover func(victim) error) error {
	all := x.victims()
	first := len(x.outages)
	for _, v := range all {
		x.outages = append(x.outages, outage{backend: v.child.name, from: time.Now(), find: find(v)})
		if err := fail(v); err != nil {
			return err
		}
	}
	err := pause(ctx, x.part(40))
	for i, v := range all {
		if err := recover(v); err != nil {
			return err
		}
		x.outages[first+i].to = time.Now()
	}
	return errors.Join(err, pause(ctx, x.part(40)))
}

// slow makes a backend of each pool take its time, within what is allowed. With
// hedging, one whose checks are slow all of a sudden may look frozen for a moment.
func slow(ctx context.Context, x *scene) error {
	all := x.victims()
	err := each(all, func(v victim) error {
		if v.pool.Hedge != 0 && v.pool.Health != nil {
			x.outages = append(x.outages, outage{backend: v.child.name, from: time.Now(), late: true})
		}
		return v.order("slow " + min(400*time.Millisecond, v.pool.Timeout.Response/4).String())
	})
	err = errors.Join(err, pause(ctx, x.part(40)))
	err = errors.Join(err, each(all, func(v victim) error { return v.order("slow 0s") }))
	return errors.Join(err, pause(ctx, x.part(40)))
}

// burst makes a backend of each pool answer with 503 for a while. Those answers
// are its own, and reach its users; if the pool ejects it, they move.
func burst(ctx context.Context, x *scene) error {
	return x.outage(ctx, refusedFind,
		func(v victim) error { return v.order("burst on") },
		func(v victim) error { return v.order("burst off") })
}

// restart ends one backend in good order, starts it again, and waits until the
// front door has it back.
func (x *scene) restart(ctx context.Context, v victim) error {
	o := outage{backend: v.child.name, from: time.Now(), find: time.Second} // it closes a while after the signal
	v.terminate()
	err := v.start()
	if err == nil {
		err = pause(ctx, 100*time.Millisecond) // no faster than a service manager
	}
	if err == nil {
		err = x.upAgain(ctx, v.pool.Name, v.backendName())
	}
	o.to = time.Now()
	x.outages = append(x.outages, o)
	return err
}

// rolling restarts all backends, one after the other, unannounced.
func rolling(ctx context.Context, x *scene) error {
	return x.oneByOne(ctx, func(v victim) error { return x.restart(ctx, v) })
}

// oneByOne does something to each backend of each pool with users.
func (x *scene) oneByOne(ctx context.Context, do func(victim) error) error {
	for _, c := range x.driven() {
		for _, one := range c.children {
			if err := each([]victim{{c, one}}, do); err != nil {
				return err
			}
			if err := pause(ctx, x.part(10)); err != nil {
				return err
			}
		}
	}
	return pause(ctx, x.part(20))
}

// reloads is how often the configuration is read anew.
const reloads = 5

func reload(ctx context.Context, x *scene) error {
	for range reloads {
		x.generation++
		err := x.write(x.generation)
		if err == nil {
			err = x.front.reload(ctx)
		}
		if err == nil {
			err = pause(ctx, x.part(80/reloads))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// upgrade exchanges the front door's own process.
func upgrade(ctx context.Context, x *scene) error {
	return errors.Join(x.front.upgrade(ctx), pause(ctx, x.part(80)))
}
