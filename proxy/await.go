package proxy

import (
	"context"
	"time"

	"sterling/internal/http1"
)

// How often a client is looked at whose request waits.
const (
	firstLook = 50 * time.Millisecond
	laterLook = 250 * time.Millisecond
)

// await takes what comes from ready within limit. An error is the cause of the
// end of ctx, which is asked now and then where it can be: to be told costs a
// goroutine for each request that waits.
func await[T any](ctx context.Context, ready <-chan T, limit time.Duration) (v T, came bool, err error) {
	polled, ok := ctx.(http1.Polled)
	if !ok {
		return awaitTold(ctx, ready, limit)
	}
	end := time.Now().Add(limit)
	timer := time.NewTimer(min(firstLook, limit))
	defer timer.Stop()
	for look := firstLook; ; {
		select {
		case v = <-ready:
			return v, true, nil
		case <-timer.C:
		}
		if err := polled.Poll(); err != nil {
			return v, false, err
		}
		left := time.Until(end)
		if left <= 0 {
			return v, false, nil
		}
		look = min(2*look, laterLook)
		timer.Reset(min(look, left))
	}
}

func awaitTold[T any](ctx context.Context, ready <-chan T, limit time.Duration) (v T, came bool, err error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case v = <-ready:
		return v, true, nil
	case <-timer.C:
		return v, false, nil
	case <-ctx.Done():
		return v, false, context.Cause(ctx)
	}
}
