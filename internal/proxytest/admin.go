package proxytest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"time"
)

// Status is what the admin side tells of a process, as far as tests ask.
type Status struct {
	PID        int    `json:"pid"`
	Generation uint64 `json:"generation"`
	Old        []int  `json:"old_processes"`
	Ready      bool   `json:"ready"`
	Listeners  []struct {
		Name        string `json:"name"`
		Address     string `json:"address"`
		Connections int    `json:"connections"`
		Accepted    uint64 `json:"accepted"`
		Shed        uint64 `json:"shed"`
		Refused     uint64 `json:"refused"`
	} `json:"listeners"`
	Pools []struct {
		Name     string            `json:"name"`
		Affinity map[string]uint64 `json:"affinity"`
		Cookies  map[string]uint64 `json:"cookies"`
		Held     int               `json:"held"`
		Backends []struct {
			Name     string    `json:"name"`
			State    string    `json:"state"`
			Reason   string    `json:"reason"`
			Since    time.Time `json:"since"`
			InFlight int64     `json:"in_flight"`
			Tunnels  int       `json:"tunnels"`
			Requests uint64    `json:"requests"`
			Failures uint64    `json:"failures"`
			Sessions *int      `json:"sessions"`

			SafeToStop bool `json:"safe_to_stop"`
		} `json:"backends"`
	} `json:"pools"`
	Descriptors struct {
		Limit         int `json:"limit"`
		Clients       int `json:"clients"`
		Backends      int `json:"backends"`
		ClientsUntil  int `json:"clients_until"`
		BackendsUntil int `json:"backends_until"`
	} `json:"descriptors"`
	AccessLog struct {
		Written uint64 `json:"written"`
		Dropped uint64 `json:"dropped"`
	} `json:"access_log"`
}

// Admin asks the admin socket and returns status and body; status 0 when
// nobody answers.
func (s *Sterling) Admin(method, path string) (int, string) {
	s.t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(s.Dir, "admin.sock"))
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequest(method, "http://localhost"+path, nil) //nolint:noctx // the client has a timeout
	if err != nil {
		s.t.Fatalf("asking the admin socket: %v", err)
	}
	res, err := (&http.Client{Transport: tr, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }() // it was read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

// WaitReady waits until the process says that it is ready.
func (s *Sterling) WaitReady() {
	s.t.Helper()
	if !Within(patience, func() bool {
		if s.over() {
			return true
		}
		code, _ := s.Admin(http.MethodGet, "/readyz")
		return code == http.StatusOK
	}) || s.over() {
		s.t.Fatalf("the process does not become ready:\n%s", s.Log())
	}
}

// Status asks the process for its state.
func (s *Sterling) Status() Status {
	s.t.Helper()
	code, body := s.Admin(http.MethodGet, "/api/v1/status")
	if code != http.StatusOK {
		s.t.Fatalf("GET /api/v1/status: %d %s", code, body)
	}
	var st Status
	if err := json.Unmarshal([]byte(body), &st); err != nil {
		s.t.Fatalf("reading the status: %v", err)
	}
	return st
}

// Backend waits until a backend is in that state, as "up".
func (s *Sterling) Backend(name, state string) {
	s.t.Helper()
	Eventually(s.t, "backend "+name+" to be "+state, func() bool {
		for _, p := range s.Status().Pools {
			for _, b := range p.Backends {
				if b.Name == name && b.State == state {
					return true
				}
			}
		}
		return false
	})
}

// Addr is where a listener is bound, host:port.
func (s *Sterling) Addr(listener string) string {
	s.t.Helper()
	for _, l := range s.Status().Listeners {
		if l.Name == listener {
			return l.Address
		}
	}
	s.t.Fatalf("there is no listener %q", listener)
	return ""
}

// URL is the address of a listener under the name localhost: https for
// "front", http for any other.
func (s *Sterling) URL(listener string) string {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Addr(listener))
	if err != nil {
		s.t.Fatalf("reading an address: %v", err)
	}
	scheme := "http"
	if listener == "front" {
		scheme = "https"
	}
	return scheme + "://localhost:" + port
}

// Reload sends SIGHUP to the process that serves, and waits until a new configuration is in effect.
func (s *Sterling) Reload() {
	s.t.Helper()
	before := s.Status().Generation
	s.signal(s.Heir(), syscall.SIGHUP)
	Eventually(s.t, "the reload", func() bool { return s.Status().Generation > before })
}

// Memory is the resident memory of the process in bytes.
func (s *Sterling) Memory() int64 {
	s.t.Helper()
	return ResidentMemory(s.t, s.PID)
}
