package accesslog

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// taking starts a take, and returns what it took and how long it waited.
func taking(q *queue) func() (batch, time.Duration) {
	begin, done := time.Now(), make(chan batch, 1)
	var took time.Duration
	go func() {
		b := q.take()
		took = time.Since(begin)
		done <- b
	}()
	return func() (batch, time.Duration) { b := <-done; return b, took }
}

func TestLinesGatherForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(100, 1<<20)
		q.put([]byte("a\n"))
		end := taking(q)
		time.Sleep(gatherTime - time.Millisecond)
		q.put([]byte("b\n"))
		if b, took := end(); string(b.text) != "a\nb\n" || b.lines != 2 || took != gatherTime {
			t.Errorf("%q after %v", b.text, took)
		}
	})
}

func TestEnoughLinesAreTakenAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		maxLines, maxBytes int
		line               string
		lines              int
	}{
		"in bytes":                   {100, 1 << 20, strings.Repeat("x", gatherBytes/4-1) + "\n", 4},
		"in bytes there is room for": {100, 1000, strings.Repeat("x", 249) + "\n", 2},
		"in lines there is room for": {10, 1 << 20, "a\n", 6},
		"with room for one":          {1, 1 << 20, "a\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(c.maxLines, c.maxBytes)
				end := taking(q)
				synctest.Wait()
				for range c.lines {
					time.Sleep(time.Millisecond)
					q.put([]byte(c.line))
				}
				if b, took := end(); b.lines != c.lines || took != time.Duration(c.lines)*time.Millisecond {
					t.Errorf("%d lines after %v", b.lines, took)
				}
			})
		})
	}
}

func TestAHurryDoesNotOutlastItsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(100, 1<<20)
		for range 100 {
			q.put([]byte("a\n")) // the writer is away
		}
		b, took := taking(q)()
		if b.lines != 100 || took != 0 {
			t.Fatalf("%d lines after %v", b.lines, took)
		}
		q.settle(b, 100, 0)
		q.put([]byte("b\n"))
		if b, took := taking(q)(); b.lines != 1 || took != gatherTime {
			t.Errorf("%d lines after %v", b.lines, took)
		}
	})
}

func TestCloseAndReopenWaitForNoMoreLines(t *testing.T) {
	for name, interrupt := range map[string]func(*queue){
		"close":  func(q *queue) { q.close() },
		"reopen": func(q *queue) { q.reopen(os.Stdout) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(100, 1<<20)
				q.put([]byte("a\n"))
				end := taking(q)
				time.Sleep(time.Millisecond)
				interrupt(q)
				if b, took := end(); b.lines != 1 || took != time.Millisecond || !b.last && b.next == nil {
					t.Errorf("%+v after %v", b, took)
				}
			})
		})
	}
}
