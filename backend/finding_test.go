package backend

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestWhatTheHeaderOfACheckAsksFor(t *testing.T) {
	for value, want := range map[string]DrainMode{
		"": "", "  ": "", "keep": Keep, "when-idle": WhenIdle, "when_idle": WhenIdle, " NOW ": Now,
		"yes": Keep, "now please": Keep,
	} {
		if got := drainAsked(http.Header{DrainHeader: {value}}); got != want {
			t.Errorf("%q asks for %q, want %q", value, got, want)
		}
	}
}

func TestTheFirstWordOfABody(t *testing.T) {
	for body, want := range map[string]bool{
		"drain": true, "drain\n": true, "  drain: yes": true, "drain, please": true, "drain now": true,
		"": false, "draining": false, "not drain": false, "Drain": false, "drain-me": false,
	} {
		if got := begins([]byte(body), "drain"); got != want {
			t.Errorf("%q begins with it: %v", body, got)
		}
	}
}

// said is what a backend's check answers next.
type said struct {
	status       int
	header, body string
}

func TestABackendAsksForItsDrainThroughItsChecks(t *testing.T) {
	var now atomic.Pointer[said]
	now.Store(&said{status: 200})
	inModes(t, PoolOptions{Check: CheckOptions{Kind: CheckHTTP, Interval: 2 * time.Millisecond, Timeout: 5 * time.Second, DrainWord: "drain"}},
		func(w http.ResponseWriter, _ *http.Request) {
			s := now.Load()
			if s.header != "" {
				w.Header().Set(DrainHeader, s.header)
			}
			w.WriteHeader(s.status)
			_, _ = fmt.Fprint(w, s.body)
		},
		func(t *testing.T, _ mode, f *fixture) {
			m := f.pool.members[0]
			for _, tt := range []struct {
				said
				state State
				mode  DrainMode
			}{
				{said{status: 200}, Up, ""},
				{said{200, "now", ""}, Up, Now},
				{said{503, "when-idle", "gone"}, Up, WhenIdle},
				{said{503, "", "gone"}, Down, ""},
				{said{503, "", "drain\n"}, Up, Keep},
				{said{200, "", "drain" + strings.Repeat("\n", 100_000)}, Up, Keep},
				{said{200, "", "draining is not what I ask for"}, Up, ""},
			} {
				now.Store(&tt.said)
				eventually(t, fmt.Sprintf("%v and %q after %+.40v", tt.state, tt.mode, tt.said), func() bool {
					o := m.Order()
					return m.State() == tt.state && o.Mode == tt.mode && (tt.mode == "" || o.By == ByBackend && o.Duty == Draining)
				})
			}
		})
}

func TestASilentBackendHasNotTakenItsWordBack(t *testing.T) {
	m := upPool(t, RoundRobin, 1).members[0]
	m.health.follow(active(time.Second, 1, 1).withDefaults())
	begin := time.Now()
	m.checked(begin, finding{answered: true, drain: Now})
	m.checked(begin.Add(1), finding{failure: errFull})
	if m.State() != Down || m.Order().Mode != Now {
		t.Errorf("%v, order %+v", m.State(), m.Order())
	}
	m.checked(begin.Add(2), finding{answered: true})
	if m.State() != Up || m.Order() != (Order{}) {
		t.Errorf("%v, order %+v", m.State(), m.Order())
	}
}

func TestAWordEndsWhereNobodyAsksAnyMore(t *testing.T) {
	s, _ := serve(t, H1, false, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(DrainHeader, "keep") })
	o := PoolOptions{Name: "app", Check: CheckOptions{Kind: CheckHTTP, Interval: time.Hour}}
	f := start(t, o, s)
	f.is(t, 0, Up)
	eventually(t, "it asks to be drained", func() bool { return f.pool.members[0].Order().Duty == Draining })
	o.Backends = members(t, s)
	o.Check = CheckOptions{Kind: CheckTCP, Interval: time.Hour}
	f.reload(t, o)
	if o := f.pool.members[0].Order(); o.Duty != Serving {
		t.Errorf("order %+v", o)
	}
	if n := len(f.told(OrderChanged)); n != 2 {
		t.Errorf("%d events, want one for the word and one for its end", n)
	}
}
