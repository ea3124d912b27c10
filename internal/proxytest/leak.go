package proxytest

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// CheckLeaks fails the test when, at its end, goroutines are left that were
// not there when CheckLeaks was called. Call it first, so that it looks last.
// Tests that use it must not run in parallel with others.
func CheckLeaks(t testing.TB) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		var left []string
		if Within(5*time.Second, func() bool {
			left = left[:0]
			for id, stack := range goroutines() {
				if _, was := before[id]; !was && !bystander(stack) {
					left = append(left, stack)
				}
			}
			return len(left) == 0
		}) {
			return
		}
		t.Errorf("%d goroutines are left:\n\n%s", len(left), strings.Join(left, "\n\n"))
	})
}

// goroutines maps the number of each goroutine to its stack.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		head, _, _ := strings.Cut(stack, " [")
		all[head] = stack
	}
	return all
}

// bystander reports whether a goroutine belongs to the runtime or the testing
// package, which start and end them as they like.
func bystander(stack string) bool {
	for _, mark := range []string{"testing.(*T).Run", "testing.tRunner(", "runtime.goexit0", "os/signal.loop", "created by runtime", "testing.(*M)"} {
		if strings.Contains(stack, mark) && !strings.Contains(stack, "sterling/") {
			return true
		}
	}
	return false
}
