package main

import (
	"context"
	"net"
	"time"
)

// alone waits until no other run of the bench is under way on this machine:
// two at a time would measure each other. The caller closes what it returns
// when its own run is over. waiting is called once if there is a wait.
//
// The lock is a name of an abstract socket, of which nothing is left behind.
func alone(ctx context.Context, name string, waiting func()) (net.Listener, error) {
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for said := false; ; {
		l, err := net.Listen("unix", "@"+name)
		if err == nil {
			return l, nil
		}
		if !said {
			waiting()
			said = true
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
