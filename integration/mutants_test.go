package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// mutants is a run of many requests that are nearly right: several clients, each
// with a listener and a backend of its own.
type mutants struct {
	total    int
	protocol string // of the listeners
	truth    oracle // without its port
	// client returns what sends one mutation after the other to addr.
	client func(p *proxytest.Sterling, addr string) func(*rand.Rand) trial

	started                      *proxytest.Sterling
	recorders                    []*proxytest.Recorder
	left, passed, refused, fault atomic.Int64
	warm                         atomic.Int64 // bytes of memory after half of them
}

// trial is what was sent, and what it means.
type trial struct {
	sent  string
	meant []*proxytest.Recorded
	// severed: a stream or the connection broke, so that what it brought may still
	// be on its way.
	severed bool
	err     error
}

const mutantClients = 8

func (m *mutants) run(t *testing.T) {
	m.start(t)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	m.left.Store(int64(m.total))
	var g sync.WaitGroup
	for i := range mutantClients {
		g.Go(func() { m.work(t, i, rand.New(rand.NewPCG(seed, uint64(i)))) }) //nolint:gosec // so that it can be repeated
	}
	g.Wait()
	after := m.started.Memory()
	t.Logf("%d mutations: %d reached the backend, %d did not; %d and %d MiB of memory", m.total, m.passed.Load(), m.refused.Load(), m.warm.Load()>>20, after>>20)
	if m.passed.Load() < int64(m.total)/20 || m.refused.Load() < int64(m.total)/20 {
		t.Error("there is nothing to learn from that mix")
	}
	if strings.Contains(m.started.Log(), "panicked") {
		t.Errorf("a request panicked: %s", m.started.Log())
	}
	// The standard server keeps a connection that it has ended for another second.
	bounded := m.warm.Load() > 0 && !proxytest.Raced(t) && proxytest.Engine() != "standard"
	if limit := m.warm.Load() + m.warm.Load()/4 + 8<<20; bounded && after > limit {
		t.Errorf("memory grew from %d to %d MiB", m.warm.Load()>>20, after>>20)
	}
}

// start starts a door in which /admin of every listener is another backend's.
func (m *mutants) start(t *testing.T) {
	var listeners, routes, pools strings.Builder
	for i := range mutantClients {
		rec := proxytest.NewRecorder(t, nil)
		m.recorders = append(m.recorders, rec)
		fmt.Fprintf(&listeners, "[[listener]]\nname = \"l%d\"\naddress = \"127.0.0.1:0\"\nprotocol = %q\nhttp3 = %v\nengine = %q\nbody_idle = \"10s\"\nheader_timeout = \"10s\"\n",
			i, m.protocol, m.protocol == "https", proxytest.Engine())
		fmt.Fprintf(&routes, "[[route]]\nlisteners = [\"l%d\"]\nhosts = [\"localhost\"]\npool = \"p%d\"\n", i, i)
		fmt.Fprintf(&routes, "[[route]]\nlisteners = [\"l%d\"]\nhosts = [\"localhost\"]\npaths = [\"/admin\"]\npool = \"secret\"\n", i)
		pools.WriteString(proxytest.OnlyPool(fmt.Sprintf("p%d", i), "hedge = \"off\"", rec.Addr))
	}
	secret := proxytest.NewRecorder(t, nil)
	pools.WriteString(proxytest.OnlyPool("secret", "", secret.Addr))
	m.started = proxytest.Start(t, proxytest.Options{Config: listeners.String() + routes.String() + pools.String(), AccessLog: "output = \"off\""})
}

// work is one client.
func (m *mutants) work(t *testing.T, i int, r *rand.Rand) {
	addr, rec := m.started.Addr(fmt.Sprintf("l%d", i)), m.recorders[i]
	truth := m.truth
	truth.port = fmt.Sprint(portOf(addr))
	try := m.client(m.started, addr)
	var late []*proxytest.Recorded
	for n := m.left.Add(-1); n >= 0 && m.fault.Load() < 5; n = m.left.Add(-1) {
		if n == int64(m.total/2) {
			m.warm.Store(m.started.Memory())
		}
		tried := try(r)
		if tried.err != nil {
			t.Errorf("%v\nsent %s", tried.err, tried.sent)
			m.fault.Add(1)
		}
		if !proxytest.Within(5*time.Second, func() bool { return rec.Busy() == 0 }) {
			t.Errorf("the backend is still busy\nsent %s", tried.sent)
			m.fault.Add(1)
		}
		// What is cut, no server runs.
		seen := slices.DeleteFunc(rec.Take(), func(r *proxytest.Recorded) bool { return !r.Complete })
		left, problem := truth.match(append(late, tried.meant...), seen)
		if problem != "" {
			t.Errorf("%s\nsent %s\nseen %v", problem, tried.sent, seen)
			m.fault.Add(1)
		}
		if late = nil; tried.severed {
			late = left[max(0, len(left)-20):]
		}
		if len(seen) > 0 {
			m.passed.Add(1)
		} else {
			m.refused.Add(1)
		}
	}
}
