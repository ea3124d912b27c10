package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sterling/internal/admin"
	"sterling/proxy"
)

const (
	// waitEvery is how often drain --wait looks.
	waitEvery = time.Second
	// waitSilent is how long nobody may answer it: a restart takes less.
	waitSilent = 30 * time.Second
)

// wait prints what is left at the backend whenever that changes, until it is
// safe to stop, or the drain was taken back. What was ordered outlives the
// process that took the order, and so does this.
func (o *ordering) wait(ctx context.Context, st proxy.BackendStatus) error {
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	said, heard := describe(st), time.Now()
	for !st.SafeToStop {
		select {
		case <-ctx.Done():
			return failed(ctx.Err())
		case <-tick.C:
		}
		now := "waiting for the front door"
		status, err := o.client.Status(ctx)
		switch {
		case err == nil:
			heard = time.Now()
			if st, err = o.left(status); err != nil {
				return err
			}
			now = describe(st)
		case !unanswered(err) || ctx.Err() != nil || time.Since(heard) >= waitSilent:
			return explainRefusal(o.env, err)
		}
		if now != said {
			said = now
			if _, err := fmt.Fprintln(o.env.stdout, o.target+": "+now); err != nil {
				return failed(err)
			}
		}
	}
	return nil
}

// unanswered reports whether an error says that nobody is there, and not that
// somebody has refused.
func unanswered(err error) bool {
	var refusal *admin.Refusal
	return !errors.As(err, &refusal)
}

// left finds the backend, as long as it is drained.
func (o *ordering) left(s proxy.Status) (proxy.BackendStatus, error) {
	st := backendIn(s, o.target)
	switch {
	case st == nil:
		return proxy.BackendStatus{}, failed(fmt.Errorf("%s is not in the configuration any more", o.target))
	case st.Order == nil:
		return proxy.BackendStatus{}, failed(errors.New("the drain was taken back"))
	}
	return *st, nil
}

func backendIn(s proxy.Status, target string) *proxy.BackendStatus {
	for _, p := range s.Pools {
		for i := range p.Backends {
			if p.Name+"/"+p.Backends[i].Name == target {
				return &p.Backends[i]
			}
		}
	}
	return nil
}
