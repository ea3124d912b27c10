package demo

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"sterling/internal/admin"
	"sterling/proxy"
)

// control is what the page's buttons and its table ask. It stands behind the
// front door as one more pool, so that the page needs no second origin.
type control struct {
	herd  *herd
	token string
	admin atomic.Pointer[admin.Client] // nil until the front door is up
}

// server is one line of the page's table.
type server struct {
	Name     string `json:"name"`
	PID      int    `json:"pid"`     // 0: no process
	Process  string `json:"process"` // what its process does
	State    string `json:"state"`   // what the front door makes of it
	Reason   string `json:"reason"`
	Requests uint64 `json:"requests"`
	InFlight int64  `json:"in_flight"`
}

type state struct {
	Servers  []server          `json:"servers"`
	Affinity map[string]uint64 `json:"affinity"`
}

func (c *control) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/state", c.state)
	mux.HandleFunc("POST /demo/servers/{name}/{action}", c.act)
	// A page of another site that the visitor has open may not stop servers.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (c *control) act(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Demo-Token")), []byte(c.token)) != 1 {
		http.Error(w, "this page is from an earlier demo; load it again", http.StatusForbidden)
		return
	}
	if err := c.herd.do(r.PathValue("name"), r.PathValue("action")); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	c.state(w, r)
}

func (c *control) state(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	// The page is gone when this fails.
	_ = json.NewEncoder(w).Encode(c.look(r.Context()))
}

// look puts together what the processes do and what the front door makes of it.
func (c *control) look(ctx context.Context) state {
	pool := c.ask(ctx)
	s := state{Affinity: pool.Affinity}
	for _, child := range c.herd.children {
		line := server{Name: child.name, State: "unknown"}
		line.Process, line.PID = child.process()
		for _, b := range pool.Backends {
			if b.Name == child.name {
				line.State, line.Reason = b.State, b.Reason
				line.Requests, line.InFlight = b.Requests, b.InFlight
			}
		}
		s.Servers = append(s.Servers, line)
	}
	return s
}

// ask gets the application's pool from the admin side; an empty one when it
// does not answer.
func (c *control) ask(ctx context.Context) proxy.PoolStatus {
	client := c.admin.Load()
	if client == nil {
		return proxy.PoolStatus{}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	status, err := client.Status(ctx)
	if err != nil {
		return proxy.PoolStatus{}
	}
	for _, p := range status.Pools {
		if p.Name == poolName {
			return p
		}
	}
	return proxy.PoolStatus{}
}
