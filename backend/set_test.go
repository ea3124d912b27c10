package backend

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAReloadKeepsHealthCountersAndIdleConnections(t *testing.T) {
	s, config := serve(t, H1, false, echo)
	dead, _ := url.Parse(frozenServer(t))
	o := PoolOptions{Name: "app", TLS: config, Backends: members(t, s, dead.String())}
	o.Check = CheckOptions{Kind: CheckHTTP, Interval: time.Hour, Timeout: 2 * time.Second}
	f := start(t, o, s, dead.String())
	f.is(t, 0, Up)
	f.is(t, 1, Down)
	if _, _, err := exchange(t, f.pool.members[0], "GET", ""); err != nil {
		t.Fatal(err)
	}
	old := f.pool
	for f.pool.AllowRetry() {
		// spend the budget
	}
	o.Backends[0].Weight = 7
	f.reload(t, o)
	for i, m := range f.pool.members {
		if m.Backend != old.members[i].Backend {
			t.Errorf("%s is a new backend", m.Name())
		}
	}
	m := f.pool.members[0]
	if m.Weight() != 7 || old.members[0].Weight() != 1 {
		t.Errorf("weights %d and %d, want the new in the new alone", m.Weight(), old.members[0].Weight())
	}
	if m.State() != Up || f.pool.members[1].State() != Down || m.Status().Counters.Requests != 1 {
		t.Errorf("state %v, %v, counters %+v", m.State(), f.pool.members[1].State(), m.Status().Counters)
	}
	if f.pool.AllowRetry() {
		t.Error("the retry budget is full again")
	}
	_, call, err := exchange(t, m, "GET", "")
	if err != nil || !call.Reused {
		t.Errorf("reused %v, %v: idle connections were not kept", call.Reused, err)
	}
	if n := len(f.told(StateChanged)); n != 2 {
		t.Errorf("%d changes of state were told, want the two before the reload", n)
	}
}

func TestAChangedBackendIsANewOne(t *testing.T) {
	s0, _ := serve(t, H1, false, echo)
	s1, _ := serve(t, H1, false, echo)
	o := PoolOptions{Name: "app"}
	f := start(t, o, s0)
	f.is(t, 0, Up)
	old := f.pool.members[0]
	o.Backends = members(t, s1)
	f.reload(t, o)
	if f.pool.members[0].Backend == old.Backend {
		t.Fatal("another URL is the same backend")
	}
	f.is(t, 0, Up)
	if _, _, err := exchange(t, old, "GET", ""); err != nil {
		t.Errorf("a request that still holds the old one: %v", err)
	}
	if n := len(old.transport.(*h1).idle.conns); n != 0 {
		t.Errorf("%d idle connections are kept to one that is no longer named", n)
	}
}

func TestAReloadWithOtherChecksKeepsTheState(t *testing.T) {
	s, _ := serve(t, H1, false, echo)
	o := PoolOptions{Name: "app", Check: CheckOptions{Kind: CheckTCP, Interval: time.Hour}}
	f := start(t, o, s)
	f.is(t, 0, Up)
	before := f.pool.members[0].checker
	o.Backends = members(t, s)
	f.reload(t, o)
	if f.pool.members[0].checker != before {
		t.Error("unchanged checks were started anew")
	}
	o.Check.Interval = time.Minute
	f.reload(t, o)
	if f.pool.members[0].checker == before || f.pool.members[0].State() != Up {
		t.Errorf("same checker %v, state %v", f.pool.members[0].checker == before, f.pool.members[0].State())
	}
}

func TestBuildTouchesNothingThatRuns(t *testing.T) {
	s := startRaw(t, reading(""))
	f := start(t, PoolOptions{Check: CheckOptions{Kind: CheckTCP, Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	fresh := startRaw(t, reading(""))
	pools, err := f.set.Build([]PoolOptions{{Name: "app", Backends: members(t, s.url, fresh.url)}})
	if err != nil {
		t.Fatal(err)
	}
	m := pools.Pool("app").members[1]
	if m.State() != Unproven || m.checker != nil || fresh.accepted.Load() != 0 {
		t.Errorf("%v, %d connections before the start", m.State(), fresh.accepted.Load())
	}
	pools.Retire()
	pools.Retire()
	if n := len(f.set.backends); n != 1 {
		t.Errorf("%d backends are left after a build that was given up", n)
	}
	if f.pool.members[0].checker == nil {
		t.Error("the running backend is no longer checked")
	}
}

func TestBuildNamesEveryFault(t *testing.T) {
	set := NewSet(SetOptions{})
	defer set.Close()
	bad := weighted(1, -1, 1)
	bad[0].URL = &url.URL{Scheme: "ftp", Host: "localhost"}
	bad[2].Name = "b1"
	_, err := set.Build([]PoolOptions{
		{Name: "app", Policy: "fastest", Backends: bad},
		{Name: "app", Protocol: H2, Backends: weighted(1)},
		{Name: "none", Protocol: "spdy", Check: CheckOptions{Kind: "agent"}, Backends: []MemberOptions{{Name: "b0"}}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`unknown policy "fastest"`, `scheme "ftp"`, `negative`, `two backends "b1"`, `two of that name`,
		`https URL`, `unknown protocol "spdy"`, `unknown kind of check "agent"`, `URL with a host`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if len(set.backends) != 0 || len(set.pools) != 0 {
		t.Error("something was kept of a failed build")
	}
}

func TestAClosedSetBuildsNothing(t *testing.T) {
	set := NewSet(SetOptions{})
	set.Close()
	set.Close()
	if _, err := set.Build(nil); err == nil {
		t.Error("no error")
	}
}
