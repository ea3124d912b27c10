package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	if roles[role(os.Args)] != nil {
		os.Exit(play(os.Args))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures and prints. It returns when every process that it started has
// ended.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return errors.New("it needs Linux: processor time is read from /proc, and processes are pinned to cores")
	}
	turn, err := alone(ctx, "sterling-bench", func() { _, _ = fmt.Fprintln(progress, "waiting for the end of another run") })
	if err != nil {
		return err
	}
	defer turn.Close() //nolint:errcheck // its name is free again
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit, fmt.Errorf("not done after %v (flag -limit)", o.limit))
	defer cancel()
	b, err := newBench(ctx, o, progress)
	if err != nil {
		return err
	}
	defer b.close()
	r, err := b.measure(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return r.print(out, o.format)
}
