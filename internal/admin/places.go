package admin

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
)

// maxConnections is how many connections the admin side has at a time. It is
// half of what the process keeps back for itself when descriptors run short.
const maxConnections = 32

// places are the connections of the admin side. There is always one for whoever
// comes next: connections that nobody asks anything over cannot keep out the
// operator, who would like to know what is going on.
type places struct {
	mu    sync.Mutex // guards what follows
	taken []*place   // whoever was answered, or came, last is last
}

type place struct {
	conn net.Conn
	busy bool // a request is being answered
}

type placeKey struct{}

// take finds a place for a connection. With none left, the one gives way over
// which nothing was asked for longest, and the new one where all are answered.
func (p *places) take(ctx context.Context, conn net.Conn) context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	mine := &place{conn: conn}
	p.taken = append(p.taken, mine)
	if len(p.taken) > maxConnections {
		i := slices.IndexFunc(p.taken, func(other *place) bool { return !other.busy })
		_ = p.taken[i].conn.Close() // whoever serves it sees it
		p.taken = slices.Delete(p.taken, i, i+1)
	}
	return context.WithValue(ctx, placeKey{}, mine)
}

// give returns the place of a connection that has ended.
func (p *places) give(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = slices.DeleteFunc(p.taken, func(other *place) bool { return other.conn == conn })
}

func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}

// noting knows which connections have a request that is being answered.
func (p *places) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mine, ok := r.Context().Value(placeKey{}).(*place)
		if ok {
			p.begin(mine)
			defer p.end(mine)
		}
		next.ServeHTTP(w, r)
	})
}

func (p *places) begin(mine *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mine.busy = true
}

func (p *places) end(mine *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mine.busy = false
	if i := slices.Index(p.taken, mine); i >= 0 {
		p.taken = append(slices.Delete(p.taken, i, i+1), mine)
	}
}
