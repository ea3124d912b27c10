package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

func TestRunsWaitForEachOther(t *testing.T) {
	name := fmt.Sprintf("sterling-bench-test-%d", os.Getpid())
	first, err := alone(t.Context(), name, func() { t.Error("it waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	over := errors.New("over")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := alone(ctx, name, func() { cancel(over) }); !errors.Is(err, over) {
		t.Errorf("beside another run: %v", err)
	}
	second, err := alone(t.Context(), name, func() { _ = first.Close() })
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
}
