package backend

// Requeue has those who wait in the pools' queues go by this configuration: each
// keeps his turn, at the limits that hold now. Who waits for a backend that is
// gone, or in a pool that has no queue any more, looks again at once. Requests
// must be served by this configuration already: one that comes to a queue with
// the one before is told to look again.
func (p *Pools) Requeue() {
	for _, pool := range p.all {
		pool.shared.queue.follow(pool)
	}
}

func (q *queue) follow(p *Pool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pool = p
	for b, line := range q.lines {
		m := p.byName[b.Name()]
		gone := m == nil || m.Backend != b || p.queue <= 0
		q.dismissAll(line, func(t *Turn) bool {
			if !gone {
				t.own = m
				t.join(p)
			}
			return gone
		})
	}
	q.dismissAll(&q.anyone, func(t *Turn) bool {
		t.join(p)
		return p.queue <= 0
	})
	for _, m := range p.members {
		q.fill(m.Backend)
	}
	q.dismissAll(&q.anyone, inVain)
}

// join makes t a turn in p, which has taken the place of its pool. mu is held.
func (t *Turn) join(p *Pool) {
	t.tried = p.Carry(t.pool, t.tried)
	t.pool = p
}

// Carry returns those of p's members that were tried as members of from.
func (p *Pool) Carry(from *Pool, tried Tried) Tried {
	var carried Tried
	if tried.Len() == 0 {
		return carried
	}
	for _, m := range p.members {
		if was := from.byName[m.Name()]; was != nil && was.Backend == m.Backend && tried.Has(was) {
			carried.Add(m)
		}
	}
	return carried
}
