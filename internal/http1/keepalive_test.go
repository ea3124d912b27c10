package http1

import (
	"strings"
	"testing"
	"time"
)

// What a backend says of its patience is kept within bounds, and is never
// anything that it has not said.
func FuzzKeepAlive(f *testing.F) {
	for _, s := range []string{"timeout=5, max=100", "Timeout=5;max=1", "timeout=-1", "timeout=9999999999", "max=0x10,timeout=+5", "timeout", "=5,,"} {
		f.Add(s, "max=7")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		c := &ClientConn{keepAlive: time.Hour, keepMax: 1}
		c.learnKeepAlive([]string{first, second})
		timeout, most := c.KeepAlive()
		if timeout < 0 || timeout > 1<<20*time.Second || timeout%time.Second != 0 || most < 0 || most > 1<<20 {
			t.Fatalf("%v, %d", timeout, most)
		}
		said := strings.ToLower(first + "," + second)
		if timeout > 0 && !strings.Contains(said, "timeout=") || most > 0 && !strings.Contains(said, "max=") {
			t.Fatalf("%v, %d, of which nothing was said", timeout, most)
		}
	})
}
