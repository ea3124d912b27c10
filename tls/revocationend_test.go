package tls

import (
	"testing"
	"time"
)

func TestWhenAListEndsSoon(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, tt := range []struct {
		life, left time.Duration
		soon, over bool
	}{
		{30 * day, 25 * time.Hour, false, false}, {30 * day, 24 * time.Hour, true, false}, {30 * day, -time.Second, true, true},
		{day, 3 * time.Hour, false, false}, {day, 2 * time.Hour, true, false}, {day, -time.Second, true, true},
	} {
		e := RevocationEnd{Begins: now.Add(tt.left - tt.life), Ends: now.Add(tt.left)}
		if e.Soon(now) != tt.soon || e.Over(now) != tt.over {
			t.Errorf("of %v %v are left: %v, %v", tt.life, tt.left, e.Soon(now), e.Over(now))
		}
	}
	if e := (RevocationEnd{}); e.Soon(now) || e.Over(now) {
		t.Error("a list without an end has one")
	}
}
