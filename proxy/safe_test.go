package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// quick has a pool's backends checked all the time.
const quick = "policy = \"first\"\n[pool.health]\ninterval = \"20ms\""

// safe is whether b1 is said to be safe to stop.
func (r *running) safe() bool { return r.backend("b1").SafeToStop }

func TestABackendThatAllOthersLeaveToIsNotSafeToStop(t *testing.T) {
	a, b := newGated(t, "b1"), newGated(t, "b2")
	r := start(t, checkedPool(a.URL, b.URL))
	r.up("b1", "b2")
	a.word.Store("now")
	r.eventually("b1 to be safe to stop while b2 serves", r.safe)
	b.word.Store("now")
	r.eventually("b2 to ask for its drain, too", func() bool { return r.backend("b2").Order != nil })
	_, body := get(t, modes[0].client(t), r.url(modes[0]))
	if r.safe() || r.backend("b2").SafeToStop {
		t.Errorf("safe to stop, and %s has just taken a new visitor", body)
	}
	if st, err := r.Drain("app", "b1", DrainOptions{Mode: "now", Force: true}); err != nil || !st.SafeToStop {
		t.Errorf("ordered, so that all go to b2 as long as that serves: %+v, %v", st, err)
	}
}

func TestABackendWhoseVisitorsCanGoNowhereIsNotSafeToStop(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, strings.Replace(appPool(a.URL, b.URL), `policy = "round_robin"`, quick, 1))
	r.up("b1", "b2")
	visitor := modes[0].client(t)
	get(t, visitor, r.url(modes[0]))
	if st, err := r.Drain("app", "b1", DrainOptions{Mode: "now"}); err != nil || !st.SafeToStop {
		t.Fatalf("while b2 serves: %+v, %v", st, err)
	}
	b.Close()
	r.eventually("b2 to be down", func() bool { return r.backend("b2").Health == "down" })
	if _, body := get(t, visitor, r.url(modes[0])); body != "b1" || r.safe() {
		t.Errorf("the visitor is at %s; b1 is safe to stop: %v", body, r.safe())
	}
	if st, err := r.Disable("app", "b1", true); err != nil || !st.SafeToStop {
		t.Errorf("disabled, so that nobody is sent there: %+v, %v", st, err)
	}
}

func TestADrainThatKeepsVisitorsIsNotOverWhenTheBackendIsDown(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, strings.Replace(appPool(a.URL, b.URL), `policy = "round_robin"`, quick, 1))
	r.up("b1", "b2")
	visitor := modes[0].client(t)
	get(t, visitor, r.url(modes[0]))
	get(t, visitor, r.url(modes[0]))
	a.Close()
	r.eventually("b1 to be down", func() bool { return r.backend("b1").Health == "down" })
	if r.safe() {
		t.Error("safe to stop, though nobody has taken it out")
	}
	for _, mode := range []string{"keep", "when-idle"} {
		if st, err := r.Drain("app", "b1", DrainOptions{Mode: mode}); err != nil || st.SafeToStop || *st.Sessions != 1 {
			t.Errorf("%s: safe to stop %v with %d visitors, %v", mode, st.SafeToStop, *st.Sessions, err)
		}
	}
	if st, err := r.Drain("app", "b1", DrainOptions{Mode: "now"}); err != nil || !st.SafeToStop {
		t.Errorf("now: %+v, %v", st, err)
	}
}

func TestABackendIsNotSafeToStopRightAfterAVisitorCame(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	toml := strings.Replace(appPool(a.URL, b.URL), "by = \"cookie\"\n", "by = \"cookie\"\nidle = \"2s\"\n", 1)
	r := start(t, strings.Replace(toml, `policy = "round_robin"`, quick, 1))
	r.up("b1", "b2")
	census := r.snapshot.Load().byName["app"].counters.census
	r.eventually("the count to be complete", func() bool { return census.Complete(time.Now()) })
	came := time.Now()
	get(t, modes[0].client(t), r.url(modes[0]))
	st, err := r.Drain("app", "b1", DrainOptions{})
	if err != nil || *st.Sessions != 0 {
		t.Fatalf("%+v, %v", st, err)
	}
	if st.SafeToStop && time.Since(came) < 2*time.Second {
		t.Error("safe to stop, and the visitor who was pinned there may come back any moment")
	}
	r.eventually("b1 to be safe to stop once he would be idle", r.safe)
	if waited := time.Since(came); waited < 2*time.Second {
		t.Errorf("safe to stop %v after he came", waited)
	}
}

func TestABackendInThePlaceOfOneThatIsFullIsNotSafeToStop(t *testing.T) {
	a := newGated(t, "b1")
	began, end := make(chan struct{}), make(chan struct{})
	b := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			close(began)
			<-end
		}
	}))
	t.Cleanup(b.Close)
	r := start(t, checkedPool(a.URL, b.URL)+"max_in_flight = 1\n")
	r.up("b1", "b2")
	a.word.Store("now")
	r.eventually("b1 to be safe to stop while b2 has room", r.safe)
	answer := post(t, modes[0].client(t), r.url(modes[0])+"/long", "")
	<-began
	if r.safe() {
		t.Error("safe to stop, and the next new visitor would be given to it")
	}
	close(end)
	<-answer
	r.eventually("room at b2", func() bool { return r.backend("b2").InFlight == 0 })
	if !r.safe() {
		t.Error("not safe to stop though there is room at b2 again")
	}
}
