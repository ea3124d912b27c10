package proxy

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	const second = time.Second
	type step struct {
		rest, wait time.Duration // before a read, and of it
		bytes      int
		left       time.Duration // after it
	}
	for _, tt := range []struct {
		name  string
		rate  int64
		steps []step
	}{
		{"any byte will do without a rate", 0, []step{{0, 29 * second, 1, 30 * second}, {0, 29 * second, 1, 30 * second}}},
		{"bytes buy time", 100, []step{{0, 10 * second, 100, 21 * second}, {0, 10 * second, 300, 14 * second}}},
		{"but no more than there was", 100, []step{{0, 10 * second, 2000, 30 * second}, {0, second, 1 << 30, 30 * second}}},
		{"a pause of ours costs nothing", 100, []step{{0, 10 * second, 0, 20 * second}, {time.Hour, 10 * second, 0, 10 * second}}},
		{"nobody falls into debt", 100, []step{{0, time.Hour, 50, second / 2}, {0, second / 4, 0, second / 4}}},
	} {
		p, now := newPace(30*second), time.Unix(1000, 0)
		p.rate = tt.rate
		for i, s := range tt.steps {
			now = now.Add(s.rest)
			left := p.left
			if due := p.begin(now); due.Sub(now) != left {
				t.Errorf("%s: read %d is to end after %v, want %v", tt.name, i, due.Sub(now), left)
			}
			now = now.Add(s.wait)
			p.end(s.bytes, func() time.Time { return now })
			if p.left != s.left {
				t.Errorf("%s: %v left after read %d, want %v", tt.name, p.left, i, s.left)
			}
		}
	}
}

// What comes in large pieces costs no look at the clock.
func TestPaceOfAFastClientNeedsNoClock(t *testing.T) {
	p := newPace(30 * time.Second)
	p.rate = 240
	p.begin(time.Unix(1000, 0))
	p.end(8<<10, func() time.Time { t.Error("the clock was asked"); return time.Time{} })
}
