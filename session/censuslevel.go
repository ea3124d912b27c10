package session

import "time"

// refine has more of the visitors noted, where so few are left that all of those
// take half of the room at most, and counts by them once Idle has passed. Nobody
// who is known is forgotten.
func (c *Census) refine(known int, now time.Time) {
	c.levelMu.Lock()
	defer c.levelMu.Unlock()
	level := c.level.Load()
	if level < c.counted.Load() {
		if now.UnixNano()-c.lowered >= c.idle.Load() {
			c.since.Store(c.lowered)
			c.counted.Store(level)
		}
		return
	}
	next := level
	for next > 0 && known<<(level-next+1) < c.limit*censusShards/2 {
		next--
	}
	if next < level {
		c.lowered = now.UnixNano()
		c.level.Store(next)
	}
}

// crowded makes room where a part of the table is full: by what is idle, or else
// by knowing half as many.
func (c *Census) crowded(full *censusShard, now time.Time) {
	level := c.level.Load()
	before := now.UnixNano() - c.idle.Load()
	if full.keep(func(_ uint64, s sighting) bool { return s.at >= before }) < c.limit {
		return // the next one finds room
	}
	if !c.coarsen(level) {
		return // another goroutine is at it
	}
	for i := range c.shards {
		c.shards[i].keep(func(v uint64, _ sighting) bool { return c.knows(v) })
	}
}

// coarsen has half as many visitors noted, unless level is no longer the one that
// counts.
func (c *Census) coarsen(level uint32) bool {
	c.levelMu.Lock()
	defer c.levelMu.Unlock()
	if level != c.level.Load() || level == censusLevels-1 {
		return false
	}
	c.counted.Store(max(c.counted.Load(), level+1)) // before those are gone that are not counted any more
	c.level.Store(level + 1)
	return true
}

// knows reports whether a visitor is among those that are known at this level.
// The low bits decide, the high ones say where.
func (c *Census) knows(visitor uint64) bool {
	return visitor&(1<<c.level.Load()-1) == 0
}
